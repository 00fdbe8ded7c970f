/** Whom to measure, and who counts as a person; as `measuring/people_choice.py`. */

import type { Square } from "./image.ts";
import rules from "./rules.json";

/** The person whose face is the largest over the recording, or everyone. */
export type PeopleChoice = "largest" | "all";

const own = rules.people_choice;

/** Whether a face may be the largest, so that it must be measured from now on; rivals are measured already. */
export function isWanted(square: Square, rivals: readonly Square[], choice: PeopleChoice): boolean {
  return choice === "all" || rivals.length === 0 || square.size >= own.rival * Math.max(...rivals.map((rival) => rival.size));
}

/** Whether somebody counts as a person: no short glimpse, nor what one detection took for a face. */
export function isPerson(shown: number, frames: number, fs: number, detections: number, needed: number): boolean {
  return shown >= Math.min(own.least_s * fs, 0.5 * frames) && detections >= needed;
}

/** Those who are given, the largest first: who counts as a person, or else the largest of all. */
export function chosenPeople<T>(members: readonly T[], size: (member: T) => number, counts: (member: T) => boolean, choice: PeopleChoice): T[] {
  const ranked = [...members].sort((one, other) => size(other) - size(one));
  const sure = ranked.filter(counts);
  return (sure.length ? sure : ranked.slice(0, 1)).slice(0, choice === "all" ? undefined : 1);
}

export function cutsNotes(seconds: readonly number[]): string[] {
  if (!seconds.length) return [];
  const times = seconds.slice(0, 5).map((time) => time.toFixed(1)).join(", ") + (seconds.length > 5 ? ", ..." : "");
  return [`${seconds.length} hard cut${seconds.length > 1 ? "s" : ""} (at ${times} s); no rate reaches across`];
}

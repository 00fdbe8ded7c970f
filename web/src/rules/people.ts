/** Other people in the picture: the faces that a tracker saw besides the one that it follows; as `video/people.py`. */

import rules from "./rules.json";

/** A change to another face: from which frame on, and whether it is known to be another person's. */
export interface Change {
  readonly frame: number;
  readonly other: boolean;
}

export class FacesSeen {
  readonly changes: Change[] = [];
  private readonly looks = new Map<number, number>();

  count(faces: number): void {
    this.looks.set(faces, (this.looks.get(faces) ?? 0) + 1);
  }

  /** The most faces seen at once; those found in only one of several detections do not count. */
  get atOnce(): number {
    const all = [...this.looks.values()].reduce((sum, looks) => sum + looks, 0);
    const needed = Math.min(rules.people.looks, all);
    const looksAt = (faces: number) => [...this.looks].reduce((sum, [seen, looks]) => sum + (seen >= faces ? looks : 0), 0);
    return Math.max(0, ...[...this.looks.keys()].filter((faces) => looksAt(faces) >= needed));
  }
}

export function peopleNotes(atOnce: number, changes: readonly { readonly seconds: number; readonly other: boolean }[]): string[] {
  const notes: string[] = [];
  if (atOnce > 1) notes.push(`${atOnce} faces were detected at once; the largest was followed, and only this one was measured`);
  for (const { seconds, other } of changes.slice(0, rules.people.listed)) {
    const from = `from ${seconds.toFixed(1)} s on`;
    notes.push(
      other
        ? `${from} another person was followed, since the first face had left; the rates mix both`
        : `${from} the face followed may be another person's: the previous face was lost`,
    );
  }
  if (changes.length > rules.people.listed) {
    notes.push(`the face followed changed ${changes.length} times in all; the first ${rules.people.listed} are listed`);
  }
  return notes;
}

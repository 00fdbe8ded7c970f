/** The even time grid of a recording, and the pictures on it; as `video/even_grid.py`. */

import type { Image } from "./image.ts";
import { mean } from "./numbers.ts";
import { general } from "./number_text.ts";
import rules from "./rules.json";

const own = rules.grid;

/** One frame of the recording and its place on the grid, in steps of it. */
export interface Still {
  readonly position: number;
  readonly image: Image;
}

export interface EvenGrid {
  readonly fs: number;
  readonly positions: Float64Array;
  readonly notes: readonly string[];
  /** How many of the recording's frames are averaged into one of the grid. */
  readonly together: number;
}

/** Grid of frames with their own rising times; throws an Error with the reason if they cannot be a camera's. */
export function timedGrid(times: Float64Array, maxFs: number): EvenGrid {
  const frames = times.length;
  const last = times[frames - 1]! - times[0]!;
  let fs = (frames - 1) / last;
  const notes: string[] = [];
  let positions = Float64Array.from(times, (_, i) => i);
  if (times.some((time, i) => Math.abs((time - times[0]!) * fs - i) > 0.5)) {
    const intervals = Float64Array.from({ length: frames - 1 }, (_, i) => times[i + 1]! - times[i]!);
    fs = typicalRate(intervals);
    const jump = Math.max(own.longest_hole_s, 2 / fs);
    const jumps = intervals.filter((interval) => interval > jump);
    if (jumps.length) {
      const at = times[intervals.findIndex((interval) => interval > jump)]! - times[0]!;
      notes.push(
        `frame times jump by up to ${general(Math.max(...jumps), 4)} s (${jumps.length} times, first after ${at.toFixed(1)} s); ` +
          `each jump counts as a gap of ${own.longest_hole_s} s`,
      );
    }
    let place = 0;
    positions = Float64Array.from(times, (_, i) => {
      if (i) place += intervals[i - 1]! > jump ? own.longest_hole_s : intervals[i - 1]!;
      return place * fs;
    });
    if (positions[frames - 1]! > 100 * frames + own.longest_hole_s * fs) throw new Error("scattered");
    notes.push(aboutIntervals(positions, fs));
  }
  if (!(own.slowest_fs <= fs && fs <= own.fastest_fs)) throw new Error("pace");
  return slowed(fs, positions, maxFs, notes);
}

function typicalRate(intervals: Float64Array): number {
  const sorted = Float64Array.from(intervals).sort();
  const middle = sorted[Math.floor(0.5 * (sorted.length - 1))]!;
  return 1 / mean(intervals.filter((interval) => Math.abs(interval - middle) <= 0.1 * middle));
}

function aboutIntervals(positions: Float64Array, fs: number): string {
  const intervals = Array.from(positions.subarray(1), (position, i) => (1000 * (position - positions[i]!)) / fs);
  const between = positions.reduce((count, position) => count + (Math.abs(position - Math.round(position)) > own.snap ? 1 : 0), 0);
  return (
    `variable frame rate (intervals from ${Math.min(...intervals).toFixed(1)} to ${Math.max(...intervals).toFixed(1)} ms); ` +
    `resampled to a constant ${general(fs, 5)} frames/s (${between} of ${positions.length} frames lie between its times)`
  );
}

function slowed(fs: number, positions: Float64Array, maxFs: number, notes: readonly string[]): EvenGrid {
  const together = Math.max(Math.ceil(fs / maxFs - 1e-9), 1);
  if (together === 1) return { fs, positions, notes, together };
  const note = `${general(fs, 5)} frames/s reduced to ${general(fs / together, 5)}: ${together} frames are averaged into one`;
  return { fs: fs / together, positions: positions.map((place) => place / together), notes: [...notes, note], together };
}

/** Number of grid times from the first frame to the last, or to the mean of the last ones averaged. */
export function gridFrames({ positions, together }: EvenGrid): number {
  const final = positions[positions.length - 1]!;
  let last = [final];
  if (together > 1) {
    const begins = stepOf(final, together) - 0.5 / together;
    last = Array.from(positions).filter((place) => place >= begins);
  }
  return Math.floor(meanPlace(last, together) + own.snap) + 1;
}

function stepOf(position: number, together: number): number {
  return Math.floor(position + 0.5 / together);
}

function meanPlace(positions: readonly number[], together: number): number {
  return Math.max(mean(positions) - (together - 1) / (2 * together), 0);
}

/** Average consecutive frames of a recording that is faster than its grid. */
export async function* averaged(stills: AsyncIterable<Still>, together: number): AsyncGenerator<Still> {
  let group: Still[] = [];
  for await (const still of stills) {
    if (together === 1) {
      yield still;
      continue;
    }
    if (group.length && stepOf(still.position, together) !== stepOf(group[0]!.position, together)) {
      yield meanStill(group, together);
      group = [];
    }
    group.push(still);
  }
  if (group.length) yield meanStill(group, together);
}

function meanStill(group: readonly Still[], together: number): Still {
  return {
    position: meanPlace(
      group.map((still) => still.position),
      together,
    ),
    image: meanImage(group.map((still) => still.image)),
  };
}

/** Average pictures of one size, rounded to whole levels. */
export function meanImage(images: readonly Image[]): Image {
  const [first] = images as [Image];
  const half = Math.floor(images.length / 2);
  const data = Uint8Array.from(first.data, (_, i) => {
    let sum = half;
    for (const image of images) sum += image.data[i]!;
    return Math.floor(sum / images.length);
  });
  return { width: first.width, height: first.height, data };
}

/** Pictures at the grid times 0, 1, 2, ...; between two frames they are blended, and null in a gap. */
export async function* onGrid(stills: AsyncIterable<Still>, fs: number): AsyncGenerator<Image | null> {
  const reach = Math.max(own.reach_s * fs, 0.5) + 1e-6;
  let index = 0;
  let before: Still | null = null;
  for await (const after of stills) {
    if (before && after.position <= before.position) continue;
    for (; index <= after.position + own.snap; index++) yield shown(index, before, after, reach);
    before = after;
  }
}

function shown(index: number, before: Still | null, after: Still, reach: number): Image | null {
  if (Math.abs(after.position - index) <= own.snap) return after.image;
  if (!before || after.position - before.position > 2 * reach) {
    if (after.position - index <= reach) return after.image;
    return before && index - before.position <= reach ? before.image : null;
  }
  return blend(before.image, after.image, (index - before.position) / (after.position - before.position));
}

function blend(before: Image, after: Image, weight: number): Image {
  const data = Uint8Array.from(after.data, (value, i) => Math.floor(value * weight + before.data[i]! * (1 - weight) + 0.5));
  return { width: after.width, height: after.height, data };
}


/** Hard cuts: where another scene begins, from one frame to the next; as `video/cuts.py`. */

import type { Image } from "./image.ts";
import { clamp, mean, roundEven } from "./numbers.ts";
import { areaResize, everyNth } from "./resize.ts";
import rules from "./rules.json";

const own = rules.cuts;

export class CutFinder {
  private readonly shortest: number;
  private changes: number[] = [];
  /** Frames since the last cut. */
  private since: number;
  private last: Float32Array | null = null;

  constructor(fs: number) {
    this.shortest = Math.max(roundEven(own.before_s * fs), own.least);
    this.since = this.shortest;
  }

  /** Take in the next frame, null in a gap; return whether a new scene begins with it. */
  add(image: Image | null): boolean {
    if (!image) return false;
    const before = this.last;
    const now = smallPicture(image);
    this.last = now;
    if (!before) return false;
    const unlike = unlikeness(before, now);
    const change = changeOf(before, now);
    const most = this.changes.length >= own.least ? Math.max(...this.changes) : Infinity;
    const usual = Math.max(most, own.noise);
    this.since++;
    const scene = unlike > own.unlike && change >= own.more_than_motion * usual;
    const jump = most > own.frozen && change >= Math.max(own.jump, own.more_than_jerk * usual);
    if (this.since >= this.shortest && (scene || jump)) {
      this.since = 0;
      return true;
    }
    this.changes = [...this.changes, change].slice(-this.shortest);
    return false;
  }
}

function smallPicture(image: Image): Float32Array {
  const across = Math.floor(image.width / own.columns);
  const step = Math.max(Math.floor(Math.min(Math.floor(image.height / own.rows), across) / own.each), 1);
  return areaResize(everyNth(image, step), own.rows, own.columns);
}

/** One minus the correlation of two pictures, 0..2. */
function unlikeness(before: Float32Array, now: Float32Array): number {
  const [one, other] = [mean(before), mean(now)];
  let [both, first, second] = [0, 0, 0];
  for (let i = 0; i < now.length; i++) {
    const [a, b] = [before[i]! - one, now[i]! - other];
    both += a * b;
    first += a * a;
    second += b * b;
  }
  return 1 - both / Math.max(Math.sqrt(first * second), 1e-6);
}

/** Mean difference in levels, as if both pictures were equally bright, unless one is far brighter. */
function changeOf(before: Float32Array, now: Float32Array): number {
  const gain = clamp(mean(before) / Math.max(mean(now), 1), 1 / own.brighter, own.brighter);
  let sum = 0;
  for (let i = 0; i < now.length; i++) sum += Math.abs(gain * now[i]! - before[i]!);
  return sum / now.length;
}

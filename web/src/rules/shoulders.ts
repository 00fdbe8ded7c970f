/** How far the shoulders move from frame to frame: breathing without a network; as `inputs/shoulders.py`. */

import { FaceChanges, type FaceChange, type Preprocessing } from "./changes.ts";
import { type Crop, recrop } from "./crop.ts";
import type { Image, Square } from "./image.ts";
import { clamp, roundEven } from "./numbers.ts";
import rules from "./rules.json";

const own = rules.shoulders;

/** The parts whose shifts are read: the body under the chin, and what is above it. */
export const SHIFTED = 2;

/** `shift` is how far the parts moved down since the frame before, as shares of the wide square's side; NaN if not seen. */
export interface WideChange extends FaceChange {
  readonly shift: readonly [number, number];
}

/** Cuts out wide squares around faces, and takes what changes in them. */
export class WideChanges {
  private readonly changes: FaceChanges;
  /** In grey, the sum of a frame and the one before, and the change between them. */
  private readonly both: Float32Array;
  private readonly change: Float32Array;

  /** `crops` are how the squares of the faces are cut, and the wide ones. */
  constructor(
    private readonly size: number,
    private readonly crops: readonly [Crop, Crop],
    preprocessing: Preprocessing,
  ) {
    this.changes = new FaceChanges(size, preprocessing);
    this.both = new Float32Array(size * size);
    this.change = new Float32Array(size * size);
  }

  /** Take in the next frame, with the square of the face in it. */
  add(image: Image | null, square: Square | null): WideChange {
    const wide = image && square ? recrop(square, ...this.crops, image.width, image.height) : null;
    const found = this.changes.add(image, wide);
    return { ...found, shift: this.shiftsOf(found, square && wide && chinOf(square, this.crops[0], wide)) };
  }

  private shiftsOf({ face, before }: FaceChange, chin: number | null): [number, number] {
    if (!face || !before || chin === null) return [NaN, NaN];
    const { size, both, change } = this;
    for (let i = 0, k = 0; i < both.length; i++, k += 3) {
      const now = (face[k]! + face[k + 1]! + face[k + 2]!) / 3;
      const then = (before[k]! + before[k + 1]! + before[k + 2]!) / 3;
      both[i] = then + now;
      change[i] = now - then;
    }
    const row = clamp(roundEven(chin * size), 0, size);
    return [this.shiftOf(row, size), this.shiftOf(0, row)];
  }

  /** How far the rows from one to before another moved down; NaN if they are hardly in the picture. */
  private shiftOf(first: number, stop: number): number {
    const { size, both, change } = this;
    if (stop - first < own.least * size) return NaN;
    let sum = 0;
    for (let column = 0, left = 0; column < own.columns; column++) {
      const right = left + Math.floor(size / own.columns) + (column < size % own.columns ? 1 : 0);
      let moved = 0;
      let edges = own.faint;
      for (let y = first + 1; y < stop - 1; y++) {
        for (let i = y * size + left; i < y * size + right; i++) {
          const gradient = (both[i + size]! - both[i - size]!) / 4;
          moved -= gradient * change[i]!;
          edges += gradient * gradient;
        }
      }
      sum += moved / edges;
      left = right;
    }
    return sum / own.columns / size;
  }
}

/** Where the chin of a face is in its wide square, as a share of the square's side. */
function chinOf(square: Square, crop: Crop, wide: Square): number {
  const box = square.size / crop.factor;
  const middle = square.y + square.size / 2 - box * crop.down;
  return (middle + (own.chin - 0.5) * box - wide.y) / wide.size;
}

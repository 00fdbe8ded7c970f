/** Face squares cut and resized once, and what changes from one frame to the next; as `inputs/face_changes.py`. */

import { type Image, type Square, sameSquare } from "./image.ts";
import { areaResize } from "./resize.ts";

const DARKEST = Math.fround(1 / 255);
const EPSILON = Math.fround(1e-7);

/** How a face is resized: black is lifted to 1/255, or, as by the rPPG-Toolbox, pixels are rounded to 8 bits. */
export type Preprocessing = "default" | "authors" | "toolbox";

export function facePixels(image: Image, square: Square, size: number, preprocessing: Preprocessing): Float32Array {
  const face = areaResize(image, size, size, square);
  for (let i = 0; i < face.length; i++) {
    if (preprocessing === "toolbox") face[i] = Math.round(face[i]!) / 255;
    else face[i] = Math.min(Math.max(face[i]! * DARKEST, DARKEST), 1);
  }
  return face;
}

/** A face at the Big size, 0..1, the same square in the frame before, and their normalized difference; null where there is none. */
export interface FaceChange {
  readonly face: Float32Array | null;
  readonly before: Float32Array | null;
  readonly change: Float32Array | null;
}

export class FaceChanges {
  private image: Image | null = null;
  private square: Square | null = null;
  private face: Float32Array | null = null;

  constructor(
    private readonly size: number,
    private readonly preprocessing: Preprocessing,
  ) {}

  add(image: Image | null, square: Square | null): FaceChange {
    const face = image && square ? facePixels(image, square, this.size, this.preprocessing) : null;
    let before: Float32Array | null = null;
    let change: Float32Array | null = null;
    if (face && square && this.image && this.square) {
      // Both faces are cut in the same square, so that a square that moves adds no change.
      before = sameSquare(square, this.square) ? this.face! : facePixels(this.image, square, this.size, this.preprocessing);
      change = normalizedDifference(before, face);
    }
    this.image = image;
    this.square = square;
    this.face = face;
    return { face, before, change };
  }
}

function normalizedDifference(before: Float32Array, after: Float32Array): Float32Array {
  const change = new Float32Array(after.length);
  for (let i = 0; i < change.length; i++) change[i] = (after[i]! - before[i]!) / (after[i]! + before[i]! + EPSILON);
  return change;
}

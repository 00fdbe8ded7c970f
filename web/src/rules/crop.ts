/** From one square of a face to another; the same as `inputs/crop.py`. */

import type { Square } from "./image.ts";
import { clamp, roundEven } from "./numbers.ts";

/** How a face is cut out: side as a multiple of the face's box, and how far below it the middle lies. */
export interface Crop {
  readonly factor: number;
  readonly down: number;
}

export function recrop(square: Square, crop: Crop, other: Crop, width: number, height: number): Square {
  const box = square.size / crop.factor;
  const side = Math.max(Math.min(roundEven(box * other.factor), width, height), 1);
  const left = square.x + square.size / 2 - side / 2;
  const top = square.y + square.size / 2 + box * (other.down - crop.down) - side / 2;
  return { x: clamp(roundEven(left), 0, width - side), y: clamp(roundEven(top), 0, height - side), size: side };
}

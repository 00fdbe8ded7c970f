/** How a person looks, coarsely: colours of face, hair and clothes; as `video/appearance.py`. */

import type { FaceBox } from "./detector.ts";
import type { Image } from "./image.ts";
import { clamp, mean } from "./numbers.ts";
import rules from "./rules.json";

const own = rules.appearance;

/** For each place its brightness relative to the skin's, then its red and its blue over green, as logarithms. */
export type Look = Float64Array;

export function lookOf(image: Image, face: FaceBox): Look {
  const colours = own.places.map((place) => colourAt(image, face, place as Place));
  const logs = colours.map((colour) => colour.map(Math.log));
  const skin = Math.log(mean(colours[0]!));
  return Float64Array.from([
    ...logs.map((log) => mean(log) - skin),
    ...logs.map(([red, green]) => red! - green!),
    ...logs.map(([, green, blue]) => blue! - green!),
  ]);
}

/** How different two people look: 0 for the same picture. */
export function difference(one: Look, other: Look): number {
  return mean(one.map((value, i) => Math.abs(value - other[i]!)));
}

type Place = [left: number, right: number, top: number, bottom: number];

function colourAt({ width, height, data }: Image, face: FaceBox, [left, right, top, bottom]: Place): number[] {
  const middle = face.x + face.width / 2;
  const [x0, x1] = inside(middle + left * face.width, middle + right * face.width, width);
  const [y0, y1] = inside(face.y + top * face.height, face.y + bottom * face.height, height);
  const step = Math.max(Math.floor((y1 - y0) / own.rows), 1);
  const sums = [0, 0, 0];
  let count = 0;
  for (let y = y0; y < y1; y += step) {
    for (let x = x0; x < x1; x += step, count++) {
      for (let c = 0; c < 3; c++) sums[c]! += data[(y * width + x) * 3 + c]!;
    }
  }
  return sums.map((sum) => sum / count + own.dark);
}

/** Whole pixels inside the frame, at least one. */
function inside(low: number, high: number, length: number): [number, number] {
  const first = Math.trunc(clamp(low, 0, length - 1));
  return [first, Math.max(Math.trunc(clamp(high, 0, length)), first + 1)];
}

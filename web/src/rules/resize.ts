/** Area resizing of pictures; the same numbers as `video/resize.py`. */

import type { Image, Square } from "./image.ts";

/** For each target pixel: the first source pixel it takes from, and the weights of it and those that follow. */
interface Weights {
  readonly first: Int32Array;
  readonly count: Int32Array;
  readonly values: Float64Array;
  readonly most: number;
}

const known = new Map<string, Weights>();

function areaWeights(source: number, target: number): Weights {
  const key = `${source} ${target}`;
  const found = known.get(key);
  if (found) return found;
  const scale = source / target;
  const rows: [number, number[]][] = [];
  for (let index = 0; index < target; index++) rows.push(source >= target ? shrunk(index, scale, source) : grown(index, scale, source));
  const most = Math.max(...rows.map(([, row]) => row.length));
  const weights: Weights = {
    first: Int32Array.from(rows, ([first]) => first),
    count: Int32Array.from(rows, ([, row]) => row.length),
    values: new Float64Array(target * most),
    most,
  };
  rows.forEach(([, row], index) => weights.values.set(row, index * most));
  if (known.size > 64) known.clear();
  known.set(key, weights);
  return weights;
}

function shrunk(index: number, scale: number, source: number): [number, number[]] {
  const start = index * scale;
  const stop = (index + 1) * scale;
  const first = Math.floor(start);
  const last = Math.min(Math.ceil(stop - 1e-9), source);
  const row: number[] = [];
  for (let pixel = first; pixel < last; pixel++) row.push(Math.min(stop, pixel + 1) - Math.max(start, pixel));
  const sum = row.reduce((total, weight) => total + weight, 0);
  return [first, row.map((weight) => weight / sum)];
}

function grown(index: number, scale: number, source: number): [number, number[]] {
  const left = Math.floor(index * scale);
  let share = index + 1 - (left + 1) / scale;
  share = share <= 0 ? 0 : share - Math.floor(share);
  return left + 1 < source ? [left, [1 - share, share]] : [left, [1]];
}

/**
 * Resize a picture, or a square of it, by the mean over the area of each output pixel.
 * @returns float32 values (height, width, 3), in the units of the picture
 */
export function areaResize(image: Image, height: number, width: number, cut?: Square): Float32Array {
  const region = cut ? { x: cut.x, y: cut.y, width: cut.size, height: cut.size } : { x: 0, y: 0, width: image.width, height: image.height };
  const { data } = image;
  const down = areaWeights(region.height, height);
  const across = areaWeights(region.width, width);
  const values = region.width * 3;
  const row = new Float64Array(values);
  const result = new Float32Array(height * width * 3);
  for (let y = 0; y < height; y++) {
    row.fill(0);
    for (let k = 0; k < down.count[y]!; k++) {
      const weight = down.values[y * down.most + k]!;
      const start = ((region.y + down.first[y]! + k) * image.width + region.x) * 3;
      for (let i = 0; i < values; i++) row[i]! += weight * data[start + i]!;
    }
    for (let x = 0; x < width; x++) {
      let red = 0;
      let green = 0;
      let blue = 0;
      let place = across.first[x]! * 3;
      for (let k = 0; k < across.count[x]!; k++, place += 3) {
        const weight = across.values[x * across.most + k]!;
        red += weight * row[place]!;
        green += weight * row[place + 1]!;
        blue += weight * row[place + 2]!;
      }
      const target = (y * width + x) * 3;
      result[target] = red;
      result[target + 1] = green;
      result[target + 2] = blue;
    }
  }
  return result;
}

/** Every n-th pixel of every n-th row. */
export function everyNth(image: Image, step: number): Image {
  if (step === 1) return image;
  const width = Math.ceil(image.width / step);
  const height = Math.ceil(image.height / step);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, target = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const source = (y * step * image.width + x * step) * 3;
      data[target++] = image.data[source]!;
      data[target++] = image.data[source + 1]!;
      data[target++] = image.data[source + 2]!;
    }
  }
  return { width, height, data };
}

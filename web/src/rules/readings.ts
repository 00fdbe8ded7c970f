/** Readings of the same frames beside the pulse itself, by which it is judged; as `signals/readings.py`. */

import { roundEven } from "./numbers.ts";
import rules from "./rules.json";

/** What the light is read in: rim, red, green, blue, nine cells and four corners. */
export const LIGHT: readonly string[] = rules.light;
const CORNER = rules.corner;

/** Changes of the light in Small frames (n, 3, S, S): (n, LIGHT). */
export function lightOf(small: Float32Array, side: number): Float32Array {
  const each = 3 * side * side;
  const plane = side * side;
  const frames = small.length / each;
  const light = new Float32Array(frames * LIGHT.length);
  const edge = Math.floor(side / 4);
  const inner = side - 2 * edge;
  const places = [0, 1, 2].map((i) => roundEven((i * (inner - 1)) / 2));
  for (let t = 0; t < frames; t++) {
    const at = (channel: number, y: number, x: number) => small[t * each + channel * plane + y * side + x]!;
    const grey = (y: number, x: number) => (at(0, y, x) + at(1, y, x) + at(2, y, x)) / 3;
    let rim = 0;
    const middle = [0, 0, 0];
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        if (y === 0 || x === 0 || y === side - 1 || x === side - 1) rim += grey(y, x);
        if (y >= edge && y < side - edge && x >= edge && x < side - edge) for (let c = 0; c < 3; c++) middle[c]! += at(c, y, x);
      }
    }
    const cells = places.flatMap((y) => places.map((x) => at(1, edge + y, edge + x)));
    const ends = [0, side - CORNER];
    const corners = ends.flatMap((top) => ends.map((left) => meanOf(grey, top, left)));
    const outer = plane - (side - 2) ** 2;
    light.set([rim / outer, ...middle.map((sum) => sum / (inner * inner)), ...cells, ...corners], t * LIGHT.length);
  }
  return light;
}

function meanOf(grey: (y: number, x: number) => number, top: number, left: number): number {
  let sum = 0;
  for (let y = top; y < top + CORNER; y++) for (let x = left; x < left + CORNER; x++) sum += grey(y, x);
  return sum / CORNER ** 2;
}

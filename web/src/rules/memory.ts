/** Networks with memory over frames as they come: overlapping windows, averaged; as `measuring/memory_windows.py`. */

import type { Runtime, Task } from "./phases.ts";

/** What a network with memory is shown: the face as it is, and each half of it in both places. */
export const PARTS = 3;

/** Outputs of consecutive frames, by task (n, PARTS); the first frame may have a negative number. */
export interface Remembered {
  readonly first: number;
  readonly outputs: Map<string, Float32Array>;
}

export class MemoryWindows {
  private readonly hop: number;
  private readonly weight: Float64Array;
  private readonly small: Float32Array;
  private there: number;
  private first: number;
  private sums: Map<string, Float64Array>;
  private weights: Float64Array;

  constructor(
    private readonly runtime: Runtime,
    readonly tasks: readonly Task[],
    private readonly length: number,
    private readonly side: number,
  ) {
    this.hop = Math.max(Math.floor(length / 2), 1);
    this.weight = Float64Array.from({ length }, (_, i) => Math.min(i + 1, length - i) / length);
    this.small = new Float32Array(length * this.each);
    this.there = length - this.hop;
    this.first = -this.there;
    this.sums = new Map(tasks.map(({ name }) => [name, new Float64Array(length * PARTS)]));
    this.weights = new Float64Array(length);
  }

  private get each(): number {
    return 3 * this.side * this.side;
  }

  /** Take in the next Small frames (n, 3, S, S), and return what the first halves of full windows show. */
  async add(small: Float32Array): Promise<Remembered[]> {
    const found: Remembered[] = [];
    let rest = small;
    while (rest.length) {
      const room = (this.length - this.there) * this.each;
      const taken = rest.subarray(0, room);
      rest = rest.subarray(room);
      this.small.set(taken, this.there * this.each);
      this.there += taken.length / this.each;
      if (this.there === this.length) found.push(await this.advance());
    }
    return found;
  }

  /** What the last frames show so far; more may follow. */
  async rest(): Promise<Remembered> {
    const still = this.small.slice().fill(0, this.there * this.each);
    const { sums, weights } = await this.withWindow(still);
    return { first: this.first, outputs: means(sums, weights, this.there) };
  }

  private async advance(): Promise<Remembered> {
    const { sums, weights } = await this.withWindow(this.small);
    const done = { first: this.first, outputs: means(sums, weights, this.hop) };
    this.small.copyWithin(0, this.hop * this.each);
    this.there -= this.hop;
    this.first += this.hop;
    for (const [task, values] of sums) this.sums.set(task, shifted(values, this.hop * PARTS));
    this.weights = shifted(weights, this.hop);
    return done;
  }

  private async withWindow(small: Float32Array): Promise<{ sums: Map<string, Float64Array>; weights: Float64Array }> {
    const sums = new Map([...this.sums].map(([task, values]) => [task, values.slice()]));
    if (small.some((value) => value !== 0)) {
      const shown = new Float32Array(PARTS * small.length);
      [small, half(small, this.side, "left"), half(small, this.side, "right")].forEach((part, i) =>
        shown.set(standardized(part, this.each), i * small.length),
      );
      const outputs = await this.runtime.run({ big: new Float32Array(0), small: shown, clips: PARTS, phases: 1 });
      for (const [task, output] of outputs) {
        const values = sums.get(task)!;
        for (let part = 0; part < PARTS; part++) {
          for (let t = 0; t < this.length; t++) values[t * PARTS + part]! += this.weight[t]! * output[part * this.length + t]!;
        }
      }
    }
    return { sums, weights: this.weights.map((weight, t) => weight + this.weight[t]!) };
  }
}

function means(sums: Map<string, Float64Array>, weights: Float64Array, rows: number): Map<string, Float32Array> {
  return new Map(
    [...sums].map(([task, values]) => [task, Float32Array.from(values.subarray(0, rows * PARTS), (sum, i) => sum / weights[Math.floor(i / PARTS)]!)]),
  );
}

function shifted(values: Float64Array, by: number): Float64Array {
  const next = new Float64Array(values.length);
  next.set(values.subarray(by));
  return next;
}

/** Small frames with a standard deviation of 1 where something moves. */
function standardized(small: Float32Array, each: number): Float32Array {
  let count = 0;
  let sum = 0;
  let squares = 0;
  for (let frame = 0; frame < small.length; frame += each) {
    const values = small.subarray(frame, frame + each);
    if (!values.some((value) => value !== 0)) continue;
    count += each;
    for (const value of values) {
      sum += value;
      squares += value * value;
    }
  }
  const spread = count ? Math.sqrt(Math.max(squares / count - (sum / count) ** 2, 0)) : 0;
  return spread > 0 ? small.map((value) => value / spread) : small;
}

/** Small frames whose one half, mirrored, stands in the place of the other. */
function half(small: Float32Array, side: number, which: "left" | "right"): Float32Array {
  const middle = Math.floor(side / 2);
  return small.map((value, i) => {
    const x = i % side;
    const mirrored = which === "left" ? x >= side - middle : x < middle;
    return mirrored ? small[i - x + side - 1 - x]! : value;
  });
}

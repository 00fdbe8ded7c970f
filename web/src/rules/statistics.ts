/** Statistics by which inputs are standardized; the same as `inputs/statistics.py`. */

import { quantile } from "./numbers.ts";
import rules from "./rules.json";

/** Running mean and standard deviation; what was added n times ago weighs exp(-n / memory). */
export class RunningStatistics {
  private readonly keep: number;
  private count = 0;
  private origin = 0;
  private sum = 0;
  private squares = 0;

  constructor(memory = Infinity) {
    this.keep = Math.exp(-1 / memory);
  }

  add(values: Float32Array): void {
    if (!this.count) this.origin = values[0]!;
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < values.length; i++) {
      const value = values[i]! - this.origin;
      sum += value;
      squares += value * value;
    }
    this.count = this.keep * this.count + values.length;
    this.sum = this.keep * this.sum + sum;
    this.squares = this.keep * this.squares + squares;
  }

  get mean(): number {
    return this.count ? this.origin + this.sum / this.count : 0;
  }

  get std(): number {
    if (!this.count) return 0;
    const variance = this.squares / this.count - (this.sum / this.count) ** 2;
    return variance > 1e-12 * this.mean ** 2 ? Math.sqrt(variance) : 0;
  }
}

/** Statistics of the changes between frames, and whether they are more than a codec makes of a still picture. */
export class ChangeStatistics {
  private readonly sums: RunningStatistics;
  private readonly sizes: number[] = [];
  private readonly most: number;

  constructor(memory = Infinity) {
    this.sums = new RunningStatistics(memory);
    this.most = Math.ceil(memory);
  }

  add(change: Float32Array): void {
    this.sums.add(change);
    let squares = 0;
    for (let i = 0; i < change.length; i++) squares += change[i]! * change[i]!;
    this.sizes.push(squares / change.length);
    if (this.sizes.length > this.most) this.sizes.shift();
  }

  get std(): number {
    return this.sums.std;
  }

  get hasMotion(): boolean {
    return this.std > 0 && quantile(this.sizes, rules.still_share) > rules.still ** 2;
  }
}

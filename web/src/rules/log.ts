/** What is known of each frame, for as long as it is kept; as `measuring/frame_log.py`. */

import { firstAtLeast } from "./numbers.ts";

export class FrameLog {
  private times = new Float64Array(1024);
  private readonly columns = new Map<string, { width: number; values: Float32Array }>();
  private start = 0;
  private stop = 0;
  private dropped = 0;

  /** Columns beside the time, with their numbers of values; NaN until they are written. */
  constructor(fields: Readonly<Record<string, number>>) {
    for (const [name, width] of Object.entries(fields)) this.columns.set(name, { width, values: new Float32Array(1024 * width) });
  }

  get length(): number {
    return this.stop - this.start;
  }

  /** Number that the next row will have, counted from the first ever appended. */
  get end(): number {
    return this.dropped + this.length;
  }

  has(field: string): boolean {
    return this.columns.has(field);
  }

  get seconds(): Float64Array {
    return this.times.subarray(this.start, this.stop);
  }

  /** A field's values of all rows. */
  values(field: string): Float32Array {
    const { width, values } = this.columns.get(field)!;
    return values.subarray(this.start * width, this.stop * width);
  }

  append(seconds: number): void {
    if (this.stop === this.times.length) this.makeRoom();
    this.times[this.stop] = seconds;
    for (const { width, values } of this.columns.values()) values.fill(NaN, this.stop * width, (this.stop + 1) * width);
    this.stop++;
  }

  /** Write a field of consecutive rows, the first of which has this number; rows dropped already are skipped. */
  write(field: string, first: number, values: ArrayLike<number>): void {
    const { width, values: column } = this.columns.get(field)!;
    const skipped = Math.max(this.dropped - first, 0);
    const place = (this.start + first + skipped - this.dropped) * width;
    for (let i = skipped * width; i < values.length; i++) column[place + i - skipped * width] = values[i]!;
  }

  /** Drop the rows that are older than this. */
  dropBefore(seconds: number): void {
    const old = firstAtLeast(this.seconds, seconds);
    this.start += old;
    this.dropped += old;
  }

  private makeRoom(): void {
    // Where most of the table is old, moving what is left is enough, and a stream's memory stays as it is.
    const room = 2 * this.length <= this.times.length ? this.times.length : 2 * this.times.length;
    const times = new Float64Array(room);
    times.set(this.seconds);
    for (const column of this.columns.values()) {
      const values = new Float32Array(room * column.width);
      values.set(column.values.subarray(this.start * column.width, this.stop * column.width));
      column.values = values;
    }
    this.stop = this.length;
    this.times = times;
    this.start = 0;
  }
}

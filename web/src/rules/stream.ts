/** Measuring what a camera sees, frame by frame in constant memory; as `measuring/stream.py`. */

import { recrop } from "./crop.ts";
import type { FaceDetector } from "./detector.ts";
import { evenDifferences } from "./even_differences.ts";
import { lastRows, readExpressions } from "./expressions.ts";
import { meanImage } from "./grid.ts";
import type { Image, Square } from "./image.ts";
import { type Measurement, each, summarize } from "./measurement.ts";
import { firstAtLeast, median } from "./numbers.ts";
import { general } from "./number_text.ts";
import { peopleNotes } from "./people.ts";
import { ClipPipeline, type LoadedBundle, RunningClips, flattenStills, maskUnseen } from "./pipeline.ts";
import { tooFewFrames } from "./rate_notes.ts";
import { labelsOf, maxFs } from "./recording.ts";
import rules from "./rules.json";
import { type Quantity, SETTINGS } from "./settings.ts";
import { FaceTracker, MEMORY_S } from "./tracker.ts";

const own = rules.stream;
const TASKS: Readonly<Record<Quantity, string>> = rules.waveform_tasks;

export class Stream {
  private readonly fs: number;
  private tracker: FaceTracker;
  private readonly clips: RunningClips;
  private readonly slow: RunningClips | null;
  private slowSeconds = -Infinity;
  private origin: number | null = null;
  private pushed = -Infinity;
  private due = -Infinity;
  private taken = -Infinity;
  private waiting: { seconds: number; image: Image }[] = [];
  private size = "";
  private resized = false;
  private facesAtOnce = 0;
  private readonly changes: { seconds: number; other: boolean }[] = [];
  frames = 0;
  late = 0;

  /** Results are kept for so many seconds. */
  constructor(
    private readonly bundle: LoadedBundle,
    private readonly detector: FaceDetector,
    private readonly keepSeconds: number,
  ) {
    this.fs = bundle.fs;
    this.tracker = new FaceTracker(bundle.fs, bundle.crop.factor, detector);
    this.clips = new RunningClips(new ClipPipeline(bundle.fast, false, bundle.memory, { x: 1, y: 1, size: 1, found: 1 }), own.memory_s * bundle.fs);
    this.slow = bundle.slow && new RunningClips(new ClipPipeline(bundle.slow, true), own.memory_s * bundle.slow.fs);
  }

  /** Add the next frame; one that is not newer than the frame before is counted as late and left out. */
  async push(image: Image, clockSeconds: number): Promise<Square | null> {
    this.origin ??= clockSeconds;
    const seconds = clockSeconds - this.origin;
    this.frames++;
    if (seconds <= this.pushed) {
      this.late++;
      return null;
    }
    this.pushed = seconds;
    const size = `${image.width} ${image.height}`;
    if (size !== this.size) {
      // At another resolution, the face is at another place.
      this.size = size;
      this.resized = true;
      this.waiting = [];
    }
    const limit = maxFs(this.bundle);
    let square: Square | null = null;
    if (this.waiting.length && seconds - this.waiting[0]!.seconds > 2 / limit) square = await this.takeWaiting();
    this.waiting.push({ seconds, image });
    if (seconds - this.due >= (1 - 1e-3) / limit) {
      this.due = seconds;
      square = await this.takeWaiting();
    }
    return square;
  }

  /** Process the waiting frames as one frame: their mean picture, at their mean time. */
  private async takeWaiting(): Promise<Square | null> {
    const [first] = this.waiting as [{ seconds: number; image: Image }];
    const seconds = this.waiting.reduce((sum, frame) => sum + frame.seconds, 0) / this.waiting.length;
    const image = this.waiting.length === 1 ? first.image : meanImage(this.waiting.map((frame) => frame.image));
    const follows = first.seconds - this.taken <= own.hole_s && !this.resized;
    if (this.resized) this.tracker = new FaceTracker(this.fs, this.bundle.crop.factor, this.detector);
    this.waiting = [];
    this.taken = seconds;
    this.resized = false;
    return this.take(image, seconds, follows);
  }

  private async take(image: Image, seconds: number, follows: boolean): Promise<Square | null> {
    const { bundle, clips, slow, tracker } = this;
    const { log } = clips;
    if (!follows) {
      clips.cut();
      slow?.cut();
    }
    const square = await tracker.locate(image);
    this.facesAtOnce = Math.max(this.facesAtOnce, tracker.seen.atOnce);
    for (const { other } of tracker.seen.changes.splice(0)) this.changes.push({ seconds, other });
    await clips.add(image, square, seconds);
    for (const key of ["x", "y", "size"] as const) log.write(key, log.end - 1, [square ? square[key] : -1]);
    // The tracker notices only at its next detection that a face was lost: write the last seconds of `found` again.
    const { found } = tracker;
    found.splice(0, Math.max(found.length - Math.ceil(MEMORY_S * bundle.fs), 0));
    log.write("found", log.end - found.length, found.map(Number));
    if (slow && bundle.slow && seconds - this.slowSeconds >= (1 - own.early) / bundle.slow.fs) {
      this.slowSeconds = seconds;
      const wide = square && recrop(square, bundle.crop, bundle.slow.crop, image.width, image.height);
      await slow.add(image, wide, seconds);
      slow.log.dropBefore(seconds - this.keepSeconds);
    }
    log.dropBefore(seconds - this.keepSeconds);
    return square;
  }

  /** The results for the last seconds; rates have no value while the stream warms up. */
  async measurement(source: string, lastSeconds = Infinity): Promise<Measurement> {
    const { bundle, clips } = this;
    const grid = this.grid(lastSeconds);
    await clips.pipeline.settle();
    const rows = this.nearest(grid);
    const found = this.foundAt(rows, grid);
    const { motion } = clips.pipeline;
    const [x, y, size] = (["x", "y", "size"] as const).map((key) => clips.log.values(key)) as [Float32Array, Float32Array, Float32Array];
    const squares = rows.map((row, t) => (found[t] ? { x: x[row]!, y: y[row]!, size: size[row]! } : null));
    const long = this.grid(Math.max(lastSeconds, own.neutral_s));
    const longRows = this.nearest(long);
    const longFound = this.foundAt(longRows, long);
    const expressions = readExpressions(clips.pipeline.ofFrames(longRows, longFound), labelsOf(bundle), longFound, this.fs);
    return summarize(
      { source, fs: this.fs, seconds: grid, found, squares, notes: this.notes(grid) },
      {
        differences: each((quantity) => this.difference(quantity, grid, found, (t) => motion[rows[t]!] !== 0)),
        judge: this.judge(grid),
        expressions: lastRows(expressions, grid.length),
      },
      bundle,
    );
  }

  /** Times of the even grid in the last seconds; the grid starts at the first frame of the stream. */
  private grid(lastSeconds: number): Float64Array {
    const times = this.clips.log.seconds;
    if (!times.length) return new Float64Array(0);
    const end = times[times.length - 1]!;
    const start = Math.max(times[0]!, end - lastSeconds);
    const first = Math.ceil(start * this.fs - 1e-6);
    const last = Math.floor(end * this.fs + 1e-6);
    return Float64Array.from({ length: Math.max(last - first + 1, 0) }, (_, i) => (first + i) / this.fs);
  }

  /** Row of the log nearest to each time of the grid. */
  private nearest(grid: Float64Array): number[] {
    const times = this.clips.log.seconds;
    return Array.from(grid, (time) => {
      if (times.length < 2) return 0;
      const after = Math.min(Math.max(firstAtLeast(times, time), 1), times.length - 1);
      return time - times[after - 1]! <= times[after]! - time ? after - 1 : after;
    });
  }

  private foundAt(rows: readonly number[], grid: Float64Array): boolean[] {
    const times = this.clips.log.seconds;
    const found = this.clips.log.values("found");
    return rows.map((row, t) => found[row]! > 0 && Math.abs(times[row]! - grid[t]!) <= own.hole_s / 2);
  }

  private difference(quantity: Quantity, grid: Float64Array, found: readonly boolean[], motion: (t: number) => boolean): Float64Array | string {
    const task = TASKS[quantity];
    for (const clips of [this.slow, this.clips]) {
      const from = clips ? since(clips.log.seconds, grid) : 0;
      const wave = clips?.pipeline.waveforms(from).get(task);
      if (!clips || !wave) continue;
      const needed = 2 * SETTINGS[quantity].band_hz[1];
      const times = clips.log.seconds.subarray(from);
      const pace = paceOf(times);
      // Interpolating frames that come too slowly would create false waves.
      if (pace !== null && pace <= needed) return tooFewFrames(pace, quantity, needed);
      return flattenStills(maskUnseen(evenDifferences(times, wave, grid, Math.min(own.hole_s, 1 / needed)), found), motion);
    }
    return `the bundle '${this.bundle.name}' does not measure ${task}`;
  }

  private judge(grid: Float64Array) {
    const model = this.bundle.memory?.confidence;
    const from = since(this.clips.log.seconds, grid);
    const readings = model && this.clips.pipeline.readings(TASKS.heart, from);
    if (!model || !readings) return null;
    const times = this.clips.log.seconds.subarray(from);
    return { readings: readings.map((column) => evenDifferences(times, column, grid, own.hole_s)), model };
  }

  private notes(grid: Float64Array): string[] {
    const notes: string[] = [];
    if (this.late) notes.push(`${this.late} of ${this.frames} frames were not newer than the frame before and were left out`);
    const { seconds } = this.clips.log;
    const pace = paceOf(seconds.subarray(since(seconds, grid)));
    if (pace !== null && Math.abs(pace / this.fs - 1) > own.other_pace) {
      notes.push(`frames came at ${general(pace, 3)}/s and were interpolated to ${general(this.fs, 3)}/s`);
    }
    return [...notes, ...peopleNotes(this.facesAtOnce, this.changes)];
  }
}

/** The last row before the grid starts. */
function since(times: Float64Array, grid: Float64Array): number {
  return grid.length ? Math.max(firstAtLeast(times, grid[0]!) - 1, 0) : times.length;
}

/** The typical number of frames per second, or null. */
function paceOf(times: Float64Array): number | null {
  if (times.length < 2) return null;
  return 1 / median(Array.from(times.subarray(1), (time, i) => time - times[i]!));
}

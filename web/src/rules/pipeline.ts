/** From inputs to the networks' outputs for each frame; as `measuring/clip_pipeline.py`. */

import type { InputBlock, InputShape } from "./blocks.ts";
import { InputCollector } from "./blocks.ts";
import type { LogisticModel } from "./logistic.ts";
import type { Table } from "./expressions.ts";
import type { Image, Square } from "./image.ts";
import { FrameLog } from "./log.ts";
import { MemoryWindows, PARTS } from "./memory.ts";
import { ClipPhases, type Runtime, type Task, phaseOffsets } from "./phases.ts";
import { LIGHT, lightOf } from "./readings.ts";
import type { Crop } from "./crop.ts";
import { TASKS } from "./settings.ts";
import { SHIFTED } from "./shoulders.ts";

/** Networks of one time scale: what they take in and predict, and how they are run. */
export interface Networks {
  readonly shape: InputShape;
  readonly tasks: readonly Task[];
  readonly runtime: Runtime;
}

/** A bundle whose networks are loaded. */
export interface LoadedBundle {
  readonly name: string;
  readonly sha256: string;
  readonly precision: string;
  readonly fs: number;
  readonly crop: Crop;
  readonly unitAuc: Readonly<Record<string, number>>;
  readonly fast: Networks;
  readonly slow: (Networks & { readonly fs: number; readonly confidence: LogisticModel | null }) | null;
  readonly memory: (Networks & { readonly confidence: LogisticModel | null }) | null;
}

const MOTION = "has_motion";
/** How the shoulders, and what is above them, move to the next frame; of networks that see a wider square. */
const SHIFTS = "shifts";
const LIGHT_FIELD = "light";
const MEMORY = "memory ";

export function isWaveform(task: Task): boolean {
  return task.kind === "waveform" && task.labels.length === 1;
}

/** Runs networks of one time scale over blocks of inputs, and writes their outputs into a log. */
export class ClipPipeline {
  readonly log: FrameLog;
  private readonly phases: ClipPhases;
  private readonly windows: MemoryWindows | null;
  private frames = 0;

  constructor(
    readonly networks: Networks,
    slow: boolean,
    memory: LoadedBundle["memory"] = null,
    also: Readonly<Record<string, number>> = {},
  ) {
    const { shape, tasks, runtime } = networks;
    const offsets = slow ? [0] : phaseOffsets(shape.bigStride);
    this.phases = new ClipPhases(runtime, tasks, shape.clipLength, 3 * shape.smallSize ** 2, offsets);
    this.phases.bigValues = 3 * shape.bigSize ** 2;
    this.windows = memory && new MemoryWindows(memory.runtime, memory.tasks, memory.shape.clipLength, memory.shape.smallSize);
    const fields: Record<string, number> = { [MOTION]: 1, ...also };
    for (const task of tasks) fields[task.name] = task.labels.length;
    for (const task of this.windows?.tasks ?? []) fields[MEMORY + task.name] = PARTS;
    if (this.windows) fields[LIGHT_FIELD] = LIGHT.length;
    if (shape.wideCrop) fields[SHIFTS] = SHIFTED;
    this.log = new FrameLog(fields);
  }

  /** Run the networks over the next block, whose frames show a face or not, some clips at a time. */
  async run(block: InputBlock, seen: ArrayLike<number | boolean>, clipsAtATime: number, onFrames?: (frames: number) => void): Promise<void> {
    const { clipLength, smallSize } = this.networks.shape;
    const values = 3 * smallSize ** 2;
    const { lead } = this.phases;
    for (let start = 0; start < block.clips; start += clipsAtATime) {
      const stop = Math.min(start + clipsAtATime, block.clips);
      const first = start * clipLength;
      const last = Math.min(stop * clipLength, block.frames);
      let shows = false;
      for (let t = first; t < last; t++) shows ||= !!seen[t];
      const small = block.small.subarray(first * values, stop * clipLength * values);
      const outputs = await this.phases.run(shows ? block.big(start, stop) : null, small, block.shown.subarray(first, stop * clipLength));
      for (const { name, labels } of this.networks.tasks) {
        // Without the frames that fill the last clip, and those before the recording.
        const rows = outputs.get(name)!.subarray(0, (lead + last - first) * labels.length);
        this.writeFrom(name, this.frames + first - lead, rows, labels.length);
      }
      onFrames?.(last - first);
    }
    this.log.write(MOTION, this.frames, new Float32Array(block.frames).fill(block.hasMotion ? 1 : 0));
    if (block.shifts) this.log.write(SHIFTS, this.frames, block.shifts);
    if (this.windows) {
      const small = block.small.subarray(0, block.frames * values);
      this.log.write(LIGHT_FIELD, this.frames, lightOf(small, smallSize));
      for (const { first, outputs } of await this.windows.add(small)) this.remember(first, outputs);
    }
    this.frames += block.frames;
  }

  /** Write what networks with memory know of the last frames so far. */
  async settle(): Promise<void> {
    if (!this.windows) return;
    const { first, outputs } = await this.windows.rest();
    this.remember(first, outputs);
  }

  /** The waveforms from a row on, by task; of networks with memory and others for it the mean. */
  waveforms(from = 0): Map<string, Float64Array> {
    const found = new Map<string, Float64Array>();
    for (const task of this.networks.tasks) if (isWaveform(task)) found.set(task.name, this.column(task.name, 1, 0, from));
    for (const { name } of this.windows?.tasks ?? []) {
      const whole = this.column(MEMORY + name, PARTS, 0, from);
      const other = found.get(name);
      found.set(name, other ? whole.map((value, t) => 0.5 * (value + other[t]!)) : whole);
    }
    return found;
  }

  /** Further readings of a task from a row on: whole, left, right, other and the light; null without a memory for it. */
  readings(task: string, from = 0): Float64Array[] | null {
    if (!this.log.has(MEMORY + task)) return null;
    const parts = Array.from({ length: PARTS }, (_, part) => this.column(MEMORY + task, PARTS, part, from));
    const other = this.log.has(task) ? this.column(task, 1, 0, from) : new Float64Array(this.log.length - from).fill(NaN);
    const light = LIGHT.map((_, kind) => this.column(LIGHT_FIELD, LIGHT.length, kind, from));
    return [...parts, other, ...light];
  }

  /** How the shoulders, and what is above them, move to the next frame, from a row on; null if these networks do not see the breath. */
  shifts(from = 0): Float64Array[] | null {
    if (!this.log.has(SHIFTS) || !this.log.has(TASKS.breathing)) return null;
    return Array.from({ length: SHIFTED }, (_, part) => this.column(SHIFTS, SHIFTED, part, from));
  }

  /** Whether something moves around each frame; NaN where it is not known yet. */
  get motion(): Float32Array {
    return this.log.values(MOTION);
  }

  /** Outputs that belong to single frames, by task; NaN where `found` is false. */
  ofFrames(rows: readonly number[], found: readonly boolean[]): Map<string, Table> {
    const outputs = new Map<string, Table>();
    for (const task of this.networks.tasks) {
      if (isWaveform(task)) continue;
      const columns = task.labels.length;
      const all = this.log.values(task.name);
      const values = new Float64Array(rows.length * columns).fill(NaN);
      rows.forEach((row, t) => {
        if (found[t]) for (let c = 0; c < columns; c++) values[t * columns + c] = all[row * columns + c]!;
      });
      outputs.set(task.name, { columns, values });
    }
    return outputs;
  }

  private column(field: string, width: number, index: number, from: number): Float64Array {
    const table = this.log.values(field);
    return Float64Array.from({ length: this.log.length - from }, (_, row) => table[(from + row) * width + index]!);
  }

  private remember(first: number, outputs: Map<string, Float32Array>): void {
    for (const [task, output] of outputs) this.writeFrom(MEMORY + task, first, output, PARTS);
  }

  /** Write rows, of which those with negative numbers are before the recording. */
  private writeFrom(field: string, first: number, rows: Float32Array, width: number): void {
    const before = Math.max(-first, 0);
    this.log.write(field, first + before, rows.subarray(before * width));
  }
}

/** Collects incoming frames into clips, and runs each clip as soon as it is complete. */
export class RunningClips {
  private readonly collector: InputCollector;

  constructor(
    readonly pipeline: ClipPipeline,
    memoryFrames: number,
  ) {
    const { shape } = pipeline.networks;
    this.collector = new InputCollector(shape, shape.clipLength, memoryFrames);
  }

  get log(): FrameLog {
    return this.pipeline.log;
  }

  async add(image: Image | null, square: Square | null, seconds: number): Promise<void> {
    const clip = this.collector.add(image, square);
    if (clip) await this.pipeline.run(clip, clip.shown, 1);
    this.log.append(seconds);
  }

  /** Run what is left of the last clip: no frame follows. */
  async end(): Promise<void> {
    const rest = this.collector.flush();
    if (rest) await this.pipeline.run(rest, rest.shown, 1);
    await this.pipeline.settle();
  }

  /** Start a new stretch of frames: the next frame does not follow the last one. */
  cut(): void {
    this.collector.cut();
  }
}

/** Differences, NaN where the change to the next frame was not seen: both must show a face. */
export function maskUnseen(differences: Float64Array, found: readonly boolean[]): Float64Array {
  return differences.map((value, t) => (found[t] && (t + 1 >= found.length || found[t + 1]) ? value : NaN));
}

/** Differences, 0 where nothing moves; NaN stays NaN. */
export function flattenStills(differences: Float64Array, motion: (t: number) => boolean): Float64Array {
  return differences.map((value, t) => (motion(t) ? value : 0 * value));
}

/** The outputs' names of the networks that see every frame, by task. */
export function labelsOf(bundle: LoadedBundle): Map<string, readonly string[]> {
  return new Map(bundle.fast.tasks.map((task) => [task.name, task.labels]));
}

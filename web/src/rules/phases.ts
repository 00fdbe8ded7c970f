/** The mean over the phases of clips, so that it does not matter at which frame clips begin; as `measuring/clip_phases.py`. */

import rules from "./rules.json";

/** What a head predicts, as bundle.json has it. */
export interface Task {
  readonly name: string;
  readonly kind: "binary" | "waveform" | "level";
  readonly labels: readonly string[];
}

/** Inputs of several runs of Small frames per clip, which share the clip's Big frames. */
export interface Clips {
  /** (clips, K, 3, B, B). */
  readonly big: Float32Array;
  /** (clips, phases, N, 3, S, S). */
  readonly small: Float32Array;
  readonly clips: number;
  readonly phases: number;
}

/** Networks that take the same inputs; returns by task (clips, phases, N, C). */
export interface Runtime {
  run(clips: Clips): Promise<Map<string, Float32Array>>;
}

/** Frames before a clip at which its phases begin, for networks that see a Big frame every so many frames. */
export function phaseOffsets(bigStride: number): number[] {
  const step = Math.ceil(bigStride / rules.most_phases);
  const offsets: number[] = [];
  for (let offset = 0; offset < bigStride; offset += step) offsets.push(offset);
  return offsets;
}

export class ClipPhases {
  /** After a clip, the outputs of its last so many frames are not final yet. */
  readonly lead: number;
  private small: Float32Array;
  private shown: Uint8Array;
  private readonly sums = new Map<string, Float64Array>();
  private weights: Float64Array;

  constructor(
    private readonly runtime: Runtime,
    private readonly tasks: readonly Task[],
    private readonly clipLength: number,
    private readonly smallValues: number,
    private readonly offsets: readonly number[],
  ) {
    this.lead = offsets[offsets.length - 1]!;
    this.small = new Float32Array(this.lead * smallValues);
    this.shown = new Uint8Array(this.lead);
    this.weights = new Float64Array(this.lead);
    for (const task of tasks) this.sums.set(task.name, new Float64Array(this.lead * task.labels.length));
  }

  /**
   * Run the networks on the next clips. Without `big`, no clip shows a face and the networks are not run.
   * @returns by task the outputs (lead + clips * N, C) so far of the frames just before, and of these
   */
  async run(big: Float32Array | null, small: Float32Array, shown: Uint8Array): Promise<Map<string, Float32Array>> {
    const n = this.clipLength;
    const clips = shown.length / n;
    const frames = joined(this.small, small);
    const shows = joined(this.shown, shown);
    this.small = frames.slice(small.length);
    this.shown = shows.slice(shown.length);
    const weights = this.counted(shows, shown, big);
    const outputs = big ? await this.runtime.run({ big, small: this.runs(frames, clips), clips, phases: this.offsets.length }) : null;
    const all = joined(this.weights, new Float64Array(clips * n));
    this.eachFrame(clips, (row, clip, phase) => (all[row]! += weights[clip * this.offsets.length + phase]!));
    this.weights = all.slice(clips * n);
    const means = new Map<string, Float32Array>();
    for (const { name, labels } of this.tasks) {
      const c = labels.length;
      const sums = joined(this.sums.get(name)!, new Float64Array(clips * n * c));
      const output = outputs?.get(name);
      if (output) {
        this.eachFrame(clips, (row, clip, phase, t) => {
          const weight = weights[clip * this.offsets.length + phase]!;
          const from = ((clip * this.offsets.length + phase) * n + t) * c;
          for (let i = 0; i < c; i++) sums[row * c + i]! += weight * output[from + i]!;
        });
      }
      this.sums.set(name, sums.slice(clips * n * c));
      means.set(name, Float32Array.from(sums, (sum, i) => sum / Math.max(all[Math.floor(i / c)]!, 1e-300)));
    }
    return means;
  }

  /** Visit each frame of each run: its row among the frames just before and these. */
  private eachFrame(clips: number, visit: (row: number, clip: number, phase: number, t: number) => void): void {
    this.offsets.forEach((offset, phase) => {
      for (let clip = 0; clip < clips; clip++) {
        for (let t = 0; t < this.clipLength; t++) visit(this.lead - offset + clip * this.clipLength + t, clip, phase, t);
      }
    });
  }

  private runs(frames: Float32Array, clips: number): Float32Array {
    const run = this.clipLength * this.smallValues;
    const runs = new Float32Array(clips * this.offsets.length * run);
    for (let clip = 0; clip < clips; clip++) {
      this.offsets.forEach((offset, phase) => {
        const start = (this.lead - offset) * this.smallValues + clip * run;
        runs.set(frames.subarray(start, start + run), (clip * this.offsets.length + phase) * run);
      });
    }
    return runs;
  }

  /** The weight of each clip's runs, (clips, phases): runs that reach into a gap count almost nothing. */
  private counted(shows: Uint8Array, shown: Uint8Array, big: Float32Array | null): Float64Array {
    const n = this.clipLength;
    const clips = shown.length / n;
    const weights = new Float64Array(clips * this.offsets.length);
    const bigFrames = big && big.length ? this.bigFrames(big.length / clips) : 0;
    for (let clip = 0; clip < clips; clip++) {
      let sharp = true;
      for (let k = 0; k < bigFrames; k++) sharp &&= shown[clip * n + k * (n / bigFrames)] === 1;
      this.offsets.forEach((offset, phase) => {
        const start = this.lead - offset + clip * n;
        const whole = sharp && shows.subarray(start, start + n).every((one) => one === 1);
        weights[clip * this.offsets.length + phase] = whole ? 1 : rules.partial;
      });
    }
    return weights;
  }

  private bigFrames(values: number): number {
    return values / this.bigValues;
  }

  /** Values of one Big frame; set by the pipeline, which knows their size. */
  bigValues = 1;
}

function joined<T extends Float32Array | Float64Array | Uint8Array>(one: T, other: T): T {
  const both = new (one.constructor as new (length: number) => T)(one.length + other.length);
  both.set(one as never);
  both.set(other as never, one.length);
  return both;
}

/** What is done with the squares of one person along a recording, scene by scene; as `measuring/person_work.py`. */

import { InputCollector, type InputBlock } from "./blocks.ts";
import { PulseJudge } from "./confidence.ts";
import { type Table, readExpressions } from "./expressions.ts";
import type { Image, Square } from "./image.ts";
import type { Signals } from "./measurement.ts";
import { roundEven } from "./numbers.ts";
import { ClipPipeline, type LoadedBundle, flattenStills, labelsOf, maskUnseen } from "./pipeline.ts";
import rules from "./rules.json";
import { TASKS } from "./settings.ts";
import { ShoulderJudge } from "./shoulder_judge.ts";

/** Called with a number of frames when so many more are done. */
export type Worked = (frames: number) => void;

/** The outputs of a scene's frames; differences are to the next frame, and rates are judged by readings and shifts. */
interface SceneOutputs {
  readonly differences: Map<string, Float64Array>;
  readonly ofFrames: Map<string, Table>;
  readonly readings: Float64Array[] | null;
  readonly shifts: Float64Array[] | null;
}

/** What slow networks make of a scene: waveforms, and how the shoulders move. */
type SlowOutputs = Pick<SceneOutputs, "differences" | "shifts">;

/** Measures one person; every scene is run as a recording of its own. */
export class PersonWork {
  private scene: SceneWork | null = null;
  private readonly before: SceneOutputs[] = [];
  /** Frames of this scene before the first with the person, which cost nothing. */
  private absent = 0;

  /** `left` is the number of frames in all. */
  constructor(
    private readonly bundle: LoadedBundle,
    private readonly fs: number,
    private left: number,
    private readonly worked: Worked,
  ) {}

  async add(image: Image | null, square: Square | null): Promise<void> {
    if (!this.scene) {
      if (!square) {
        this.absent++;
        return;
      }
      this.scene = this.newScene();
      for (let t = 0; t < this.absent; t++) await this.scene.add(null, null);
    }
    await this.scene.add(image, square);
  }

  /** End a scene, all of whose frames were added; `found` says which of them show this person. */
  async endScene(found: readonly boolean[]): Promise<void> {
    this.before.push(await (this.scene ?? this.newScene()).finish(found));
    this.scene = null;
    this.absent = 0;
    this.left = Math.max(this.left - found.length, 0);
  }

  /** The signals of the recording, whose scenes all have ended. */
  signals(found: readonly boolean[], cuts: readonly number[]): Signals {
    const { bundle } = this;
    const { differences, ofFrames, readings, shifts } = joined(this.before);
    const missing = `the bundle '${bundle.name}' does not measure`;
    return {
      differences: { heart: differences.get(TASKS.heart) ?? `${missing} pulse`, breathing: differences.get(TASKS.breathing) ?? `${missing} respiration` },
      judges: {
        heart: readings && new PulseJudge(readings, bundle.memory!.confidence!),
        breathing: shifts && new ShoulderJudge(shifts, bundle.slow?.confidence ?? null),
      },
      expressions: readExpressions(ofFrames, labelsOf(bundle), found, this.fs, cuts),
    };
  }

  private newScene(): SceneWork {
    return new SceneWork(this.bundle, this.fs, blockFrames(this.fs, this.left), this.worked);
  }
}

/** One scene on its way through the networks. */
class SceneWork {
  private readonly pipeline: ClipPipeline;
  private readonly collector: InputCollector;
  private readonly slow: SlowInputs | null;
  private done = 0;

  constructor(
    private readonly bundle: LoadedBundle,
    private readonly fs: number,
    length: number,
    private readonly worked: Worked,
  ) {
    this.pipeline = new ClipPipeline(bundle.fast, false, bundle.memory);
    this.collector = new InputCollector(bundle.fast.shape, length);
    this.slow = bundle.slow && new SlowInputs(bundle.slow, fs);
  }

  async add(image: Image | null, square: Square | null): Promise<void> {
    this.slow?.add(image, square);
    const block = this.collector.add(image, square);
    if (block) await this.workOn(block);
  }

  async finish(found: readonly boolean[]): Promise<SceneOutputs> {
    const { bundle, pipeline } = this;
    const rest = this.collector.flush();
    if (rest) await this.workOn(rest);
    // What comes before a person's first frame in a scene, or is without one, was not added.
    this.pass(found.length - this.done);
    await pipeline.settle();
    const waves = new Map([...pipeline.waveforms()].map(([task, wave]) => [task, maskUnseen(wave, found)]));
    const slow = await slowOutputs(this.slow, bundle, this.fs, found);
    for (const [task, wave] of slow.differences) waves.set(task, wave);
    const { motion } = pipeline;
    return {
      differences: new Map([...waves].map(([task, wave]) => [task, flattenStills(wave, (t) => motion[t]! > 0)])),
      ofFrames: pipeline.ofFrames(
        found.map((_, t) => t),
        found,
      ),
      readings: bundle.memory?.confidence ? pipeline.readings(TASKS.heart) : null,
      shifts: slow.shifts,
    };
  }

  private async workOn(block: InputBlock): Promise<void> {
    this.pass(block.frames);
    await this.pipeline.run(block, block.shown, rules.clips_at_a_time, this.worked);
  }

  /** Add frames to the log, of which nothing is known yet. */
  private pass(frames: number): void {
    for (let t = 0; t < frames; t++) this.pipeline.log.append(this.done++ / this.fs);
  }
}

/** Length of a recording's blocks: equal parts, so that none is so short that its statistics mean nothing. */
function blockFrames(fs: number, frames: number): number {
  const longest = Math.max(roundEven(rules.block_s * fs), 1);
  const blocks = Math.max(Math.ceil(frames / longest), 1);
  return Math.max(Math.ceil(frames / blocks), 1);
}

/** Gathers the inputs of slow networks while a recording's frames pass by: every `step`-th, in a wider square. */
class SlowInputs {
  readonly step: number;
  private readonly blocks: InputBlock[] = [];
  private readonly collector: InputCollector;
  private frames = 0;

  constructor(slow: NonNullable<LoadedBundle["slow"]>, fs: number) {
    this.step = Math.max(roundEven(fs / slow.fs), 1);
    this.collector = new InputCollector(slow.shape, roundEven((rules.slow_block_s * fs) / this.step));
  }

  add(image: Image | null, square: Square | null): void {
    if (this.frames++ % this.step) return;
    const block = this.collector.add(image, square);
    if (block) this.blocks.push(block);
  }

  finish(): InputBlock[] {
    const rest = this.collector.flush();
    if (rest) this.blocks.push(rest);
    return this.blocks;
  }
}

/** Run the slow networks, and spread each difference over the frames that it spans. */
async function slowOutputs(slow: SlowInputs | null, bundle: LoadedBundle, fs: number, found: readonly boolean[]): Promise<SlowOutputs> {
  if (!slow || !bundle.slow) return { differences: new Map(), shifts: null };
  const pipeline = new ClipPipeline(bundle.slow, true);
  const some = found.filter((_, t) => t % slow.step === 0);
  some.forEach((_, i) => pipeline.log.append((i * slow.step) / fs));
  for (const block of slow.finish()) await pipeline.run(block, block.shown, block.clips);
  const spread = (output: Float64Array) => {
    const differences = maskUnseen(output, some).map((value) => value / slow.step);
    // The change after the last frame that they saw is unknown.
    differences[differences.length - 1] = NaN;
    return Float64Array.from(found, (_, t) => differences[Math.floor(t / slow.step)]!);
  };
  return {
    differences: new Map([...pipeline.waveforms()].map(([task, wave]) => [task, spread(wave)])),
    shifts: pipeline.shifts()?.map(spread) ?? null,
  };
}

/** The outputs of a recording's scenes as one. */
function joined(scenes: readonly SceneOutputs[]): SceneOutputs {
  const [first, ...more] = scenes as [SceneOutputs, ...SceneOutputs[]];
  if (!more.length) return first;
  return {
    differences: new Map([...first.differences.keys()].map((task) => [task, oneAfterAnother(scenes.map((scene) => scene.differences.get(task)!))])),
    ofFrames: new Map(
      [...first.ofFrames].map(([task, { columns }]) => [task, { columns, values: chained(scenes.map((scene) => scene.ofFrames.get(task)!.values)) }]),
    ),
    readings: first.readings && first.readings.map((_, i) => chained(scenes.map((scene) => scene.readings![i]!))),
    shifts: first.shifts && first.shifts.map((_, i) => chained(scenes.map((scene) => scene.shifts![i]!))),
  };
}

/** Scenes' changes to the next frame: those from one scene to the next were not seen. */
export function oneAfterAnother(scenes: readonly Float64Array[]): Float64Array {
  const all = chained(scenes);
  let end = 0;
  for (const scene of scenes.slice(0, -1)) {
    end += scene.length;
    if (scene.length) all[end - 1] = NaN;
  }
  return all;
}

function chained(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

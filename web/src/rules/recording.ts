/** Measuring a whole recording, as `physiocam measure` does; as `measuring/measure.py` and `network_inputs.py`. */

import { InputCollector, type InputBlock } from "./blocks.ts";
import { recrop } from "./crop.ts";
import type { FaceDetector } from "./detector.ts";
import { readExpressions } from "./expressions.ts";
import { type EvenGrid, type Still, averaged, gridFrames, onGrid } from "./grid.ts";
import type { Image, Square } from "./image.ts";
import { type Measurement, summarize } from "./measurement.ts";
import { roundEven } from "./numbers.ts";
import { peopleNotes } from "./people.ts";
import { ClipPipeline, type LoadedBundle, flattenStills, isWaveform, maskUnseen } from "./pipeline.ts";
import rules from "./rules.json";
import { FaceTracker } from "./tracker.ts";

/** A recording: its grid, its frames on it once, and what is odd about it. */
export interface Recording {
  readonly source: string;
  readonly grid: EvenGrid;
  readonly stills: AsyncIterable<Still>;
  readonly notes: string[];
}

/** Called as the work goes on, with the latest frame and its square while frames are read. */
export type Progress = (done: number, all: number, frame: { image: Image; square: Square | null } | null) => void;

export function maxFs(bundle: { readonly fs: number }): number {
  return rules.max_fs_ratio * bundle.fs;
}

/** Length of a recording's blocks: equal parts, so that none is so short that its statistics mean nothing. */
export function blockFrames(fs: number, frames: number): number {
  const longest = Math.max(roundEven(rules.block_s * fs), 1);
  const blocks = Math.max(Math.ceil(frames / longest), 1);
  return Math.max(Math.ceil(frames / blocks), 1);
}

/** Gathers the inputs of slow networks while a recording's frames pass by: every `step`-th, in a wider square. */
export class SlowInputs {
  readonly step: number;
  readonly blocks: InputBlock[] = [];
  private readonly collector: InputCollector;
  private frames = 0;

  constructor(
    private readonly slow: NonNullable<LoadedBundle["slow"]>,
    private readonly bundle: LoadedBundle,
    fs: number,
  ) {
    this.step = Math.max(roundEven(fs / slow.fs), 1);
    this.collector = new InputCollector(slow.shape, roundEven((rules.slow_block_s * fs) / this.step));
  }

  add(image: Image | null, square: Square | null): void {
    if (this.frames++ % this.step) return;
    const wide = image && square ? recrop(square, this.bundle.crop, this.slow.crop, image.width, image.height) : square;
    const block = this.collector.add(image, wide);
    if (block) this.blocks.push(block);
  }

  finish(): InputBlock[] {
    const rest = this.collector.flush();
    if (rest) this.blocks.push(rest);
    return this.blocks;
  }
}

export async function measureRecording(
  recording: Recording,
  bundle: LoadedBundle,
  detector: FaceDetector,
  progress: Progress = () => undefined,
): Promise<Measurement> {
  const { grid } = recording;
  const { fs } = grid;
  const all = gridFrames(grid);
  const tracker = new FaceTracker(fs, bundle.crop.factor, detector);
  const collector = new InputCollector(bundle.fast.shape, blockFrames(fs, all));
  const slow = bundle.slow && new SlowInputs(bundle.slow, bundle, fs);
  const pipeline = new ClipPipeline(bundle.fast, false, bundle.memory);
  const squares: (Square | null)[] = [];
  let read = 0;
  let halves = 0;
  const advance = (frames: number, frame: Parameters<Progress>[2] = null) => {
    halves += frames;
    progress(Math.min(Math.floor(halves / 2), all), all, frame);
  };
  const run = async (block: InputBlock | null) => {
    if (!block) return;
    for (let t = 0; t < block.frames; t++) pipeline.log.append((read + t) / fs);
    await pipeline.run(block, tracker.found.slice(read, read + block.frames), rules.clips_at_a_time, advance);
    read += block.frames;
  };
  for await (const image of onGrid(averaged(recording.stills, grid.together), fs)) {
    const square = await tracker.locate(image);
    squares.push(square);
    slow?.add(image, square);
    advance(1, image && { image, square });
    await run(collector.add(image, square));
  }
  await run(collector.flush());
  await pipeline.settle();
  const found = tracker.found;
  const waves = pipeline.waveforms();
  const masked = new Map([...waves].map(([task, wave]) => [task, maskUnseen(wave, found)]));
  for (const [task, wave] of await slowWaves(slow, bundle, fs, found)) masked.set(task, wave);
  const { motion } = pipeline;
  const differences = new Map([...masked].map(([task, wave]) => [task, flattenStills(wave, (t) => motion[t]! > 0)]));
  const missing = `the bundle '${bundle.name}' does not measure`;
  const readings = bundle.memory?.confidence ? pipeline.readings("pulse") : null;
  const rows = found.map((_, t) => t);
  const changes = tracker.seen.changes.map(({ frame, other }) => ({ seconds: frame / fs, other }));
  return summarize(
    {
      source: recording.source,
      fs,
      seconds: Float64Array.from(found, (_, t) => t / fs),
      found,
      squares: squares.map((square, t) => (found[t] ? square : null)),
      notes: [...recording.notes, ...grid.notes, ...peopleNotes(tracker.seen.atOnce, changes)],
    },
    {
      differences: { heart: differences.get("pulse") ?? `${missing} pulse`, breathing: differences.get("respiration") ?? `${missing} respiration` },
      judge: readings && { readings, model: bundle.memory!.confidence! },
      expressions: readExpressions(pipeline.ofFrames(rows, found), labelsOf(bundle), found, fs),
    },
    bundle,
  );
}

export function labelsOf(bundle: LoadedBundle): Map<string, readonly string[]> {
  return new Map(bundle.fast.tasks.map((task) => [task.name, task.labels]));
}

/** Run the slow networks, and spread each difference over the frames that it spans. */
async function slowWaves(slow: SlowInputs | null, bundle: LoadedBundle, fs: number, found: readonly boolean[]): Promise<Map<string, Float64Array>> {
  const waves = new Map<string, Float64Array>();
  if (!slow || !bundle.slow) return waves;
  const pipeline = new ClipPipeline(bundle.slow, true);
  const some = found.filter((_, t) => t % slow.step === 0);
  some.forEach((_, i) => pipeline.log.append((i * slow.step) / fs));
  for (const block of slow.finish()) await pipeline.run(block, block.shown, block.clips);
  for (const task of bundle.slow.tasks.filter(isWaveform)) {
    const output = maskUnseen(Float64Array.from(pipeline.log.values(task.name)), some).map((value) => value / slow.step);
    // The change after the last frame that they saw is unknown.
    output[output.length - 1] = NaN;
    waves.set(task.name, Float64Array.from(found, (_, t) => output[Math.floor(t / slow.step)]!));
  }
  return waves;
}

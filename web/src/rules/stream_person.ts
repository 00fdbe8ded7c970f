/** One person in a stream, scene by scene, and signals of the last seconds; as `measuring/stream_person.py`. */

import { PulseJudge } from "./confidence.ts";
import { evenDifferences } from "./even_differences.ts";
import { type Table, lastRows, readExpressions } from "./expressions.ts";
import type { Image, Square } from "./image.ts";
import { type Signals, each } from "./measurement.ts";
import { firstAtLeast } from "./numbers.ts";
import { oneAfterAnother } from "./person_work.ts";
import { ClipPipeline, type LoadedBundle, RunningClips, flattenStills, isWaveform, labelsOf, maskUnseen } from "./pipeline.ts";
import { tooFewFrames } from "./rate_notes.ts";
import rules from "./rules.json";
import { type Quantity, SETTINGS, TASKS } from "./settings.ts";
import { ShoulderJudge } from "./shoulder_judge.ts";

const own = rules.stream;

/** A frame of a stream, and where one person is in it. */
export interface StreamFrame {
  readonly image: Image;
  readonly square: Square | null;
  readonly seconds: number;
  /** Whether it closely follows the frame before. */
  readonly follows: boolean;
  /** Whether another scene begins with it. */
  readonly cut: boolean;
}

/** The seconds of a stream that are asked for, on an even grid. */
export interface Window {
  readonly grid: Float64Array;
  readonly fs: number;
  /** Frames that came in a second, typically. */
  readonly pace: number | null;
  readonly cuts: readonly number[];
}

/** For each time of a grid the nearest row of a scene's log, and whether it shows the face. */
interface OnGrid {
  readonly places: readonly { readonly scene: Scene; readonly row: number }[];
  readonly found: boolean[];
}

export class StreamPerson {
  /** Times from which it may be another person. */
  doubts: number[] = [];
  /** The last one goes on, unless the person has been away for long. */
  private scenes: Scene[] = [];
  private goesOn = false;
  private seen = -Infinity;

  /** `away` is the time of the last frame before the first with the person. */
  constructor(
    private readonly bundle: LoadedBundle,
    private away: number | null,
  ) {}

  /** Take in the next frame; `found` says which of the last frames, up to this one, show the person. */
  async add(frame: StreamFrame, found: readonly boolean[]): Promise<void> {
    if (this.goesOn) {
      const scene = this.scenes.at(-1)!;
      scene.writeFound(found.slice(0, -1));
      if (frame.cut || frame.seconds - this.seen > own.memory_s) {
        await scene.end(frame.square ? null : frame.seconds);
        this.goesOn = false;
      }
    }
    if (frame.square) this.seen = frame.seconds;
    if (!this.goesOn) {
      if (!frame.square) {
        this.away = frame.seconds;
        return;
      }
      const scene = new Scene(this.bundle);
      this.scenes.push(scene);
      this.goesOn = true;
      if (this.away !== null) await scene.fast.add(null, null, this.away);
      this.away = null;
    }
    const scene = this.scenes.at(-1)!;
    await scene.add(frame);
    scene.writeFound(found.slice(-1));
  }

  dropBefore(seconds: number): void {
    for (const scene of this.scenes) scene.dropBefore(seconds);
    this.scenes = this.scenes.filter((scene) => scene.fast.log.length > 0);
    this.goesOn &&= this.scenes.length > 0;
    this.doubts = this.doubts.filter((doubt) => doubt >= seconds);
  }

  /** Squares at the times of a grid, null without a face. */
  squares(grid: Float64Array): (Square | null)[] {
    const { places, found } = this.onGrid(grid);
    return found.map((there, t) => {
      if (!there) return null;
      const { scene, row } = places[t]!;
      const values = scene.fast.log.values("square");
      return { x: values[3 * row]!, y: values[3 * row + 1]!, size: values[3 * row + 2]! };
    });
  }

  /** The signals of a window; a longer one, with the same end, shows the person's neutral face. */
  async signals(window: Window, longer: Window): Promise<Signals> {
    if (this.goesOn) await this.scenes.at(-1)!.fast.pipeline.settle();
    const { places, found } = this.onGrid(window.grid);
    // For the last frames, neither motion nor differences are known yet.
    const motion = places.map(({ scene, row }) => scene.fast.pipeline.motion[row] !== 0);
    const expressions = this.expressions(longer);
    return {
      differences: each((quantity) => {
        const even = this.evenOrWhy(quantity, window);
        return typeof even === "string" ? even : flattenStills(maskUnseen(even, found), (t) => motion[t]!);
      }),
      judges: this.judges(window),
      expressions: lastRows(expressions, window.grid.length),
    };
  }

  private expressions(window: Window) {
    const on = this.onGrid(window.grid);
    return readExpressions(this.ofFrames(on), labelsOf(this.bundle), on.found, window.fs, window.cuts);
  }

  /** Outputs that belong to single frames, by task; NaN without a face. */
  private ofFrames({ places, found }: OnGrid): Map<string, Table> {
    const tables = new Map<string, Table>();
    for (const { name, labels } of this.bundle.fast.tasks.filter((task) => !isWaveform(task))) {
      const columns = labels.length;
      const values = new Float64Array(found.length * columns).fill(NaN);
      places.forEach(({ scene, row }, t) => {
        if (found[t]) values.set(scene.fast.log.values(name).subarray(row * columns, (row + 1) * columns), t * columns);
      });
      tables.set(name, { columns, values });
    }
    return tables;
  }

  private judges({ grid }: Window): Signals["judges"] {
    const model = this.bundle.memory?.confidence;
    const readings = this.evenColumns("fast", grid, (run, from) => run.pipeline.readings(TASKS.heart, from));
    const shifts = this.evenColumns("slow", grid, (run, from) => run.pipeline.shifts(from));
    return { heart: model && readings ? new PulseJudge(readings, model) : null, breathing: shifts && new ShoulderJudge(shifts, this.bundle.slow?.confidence ?? null) };
  }

  /** Columns of differences, scene after scene, at the times of a grid; null where networks have none. */
  private evenColumns(
    kind: "fast" | "slow",
    grid: Float64Array,
    columnsOf: (run: RunningClips, from: number) => Float64Array[] | null,
  ): Float64Array[] | null {
    const runs = this.scenes.flatMap((scene) => scene[kind] ?? []);
    const scenes = runs.flatMap((run) => {
      const columns = columnsOf(run, since(run, grid));
      return columns ? [columns] : [];
    });
    const times = timesOf(runs, grid);
    const even = (_: Float64Array, i: number) => evenDifferences(times, oneAfterAnother(scenes.map((scene) => scene[i]!)), grid, own.hole_s);
    return scenes[0]?.map(even) ?? null;
  }

  private evenOrWhy(quantity: Quantity, { grid, pace }: Window): Float64Array | string {
    // Interpolating frames that come too slowly would create false waves.
    const needed = 2 * SETTINGS[quantity].band_hz[1];
    const even = this.even(TASKS[quantity], grid, Math.min(own.hole_s, 1 / needed));
    return typeof even !== "string" && pace !== null && pace <= needed ? tooFewFrames(pace, quantity, needed) : even;
  }

  /** Differences of a waveform on the grid, from the slow networks if they have it; or why there are none. */
  private even(task: string, grid: Float64Array, hole: number): Float64Array | string {
    if (!this.scenes.length) return new Float64Array(grid.length).fill(NaN);
    for (const kind of ["slow", "fast"] as const) {
      const runs = this.scenes.flatMap((scene) => scene[kind] ?? []);
      const waves = runs.flatMap((run) => run.pipeline.waveforms(since(run, grid)).get(task) ?? []);
      if (waves.length) return evenDifferences(timesOf(runs, grid), oneAfterAnother(waves), grid, hole);
    }
    return `the bundle '${this.bundle.name}' does not measure ${task}`;
  }

  private onGrid(grid: Float64Array): OnGrid {
    const rows = this.scenes.flatMap((scene) => {
      const from = since(scene.fast, grid);
      return Array.from(scene.fast.log.seconds.subarray(from), (seconds, i) => ({ scene, row: from + i, seconds }));
    });
    const times = rows.map((row) => row.seconds);
    const places = rows.length ? nearest(times, grid).map((at) => rows[at]!) : [];
    const found = Array.from(grid, (time, t) => {
      const place = places[t];
      return place !== undefined && place.scene.fast.log.values("found")[place.row]! > 0 && Math.abs(place.seconds - time) <= own.hole_s / 2;
    });
    return { places, found };
  }
}

/** One scene on its way through the networks, as a recording of its own. */
class Scene {
  readonly fast: RunningClips;
  readonly slow: RunningClips | null;
  private slowSeconds = -Infinity;

  constructor(private readonly bundle: LoadedBundle) {
    this.fast = new RunningClips(new ClipPipeline(bundle.fast, false, bundle.memory, { square: 3, found: 1 }), own.memory_s * bundle.fs);
    this.slow = bundle.slow && new RunningClips(new ClipPipeline(bundle.slow, true), own.memory_s * bundle.slow.fs);
  }

  async add({ image, square, seconds, follows }: StreamFrame): Promise<void> {
    if (!follows) {
      this.fast.cut();
      this.slow?.cut();
    }
    await this.fast.add(image, square, seconds);
    const { log } = this.fast;
    log.write("square", log.end - 1, square ? [square.x, square.y, square.size] : [-1, -1, -1]);
    const { slow } = this.bundle;
    if (this.slow && slow && seconds - this.slowSeconds >= (1 - own.early) / slow.fs) {
      this.slowSeconds = seconds;
      await this.slow.add(image, square, seconds);
    }
  }

  /** Say which of the last frames show the person: that a face was lost shows only at its next detection. */
  writeFound(found: readonly boolean[]): void {
    const { log } = this.fast;
    log.write("found", log.end - found.length, found.map(Number));
  }

  /** Run what is left: no frame follows, or at a time one without the person. */
  async end(away: number | null): Promise<void> {
    await this.fast.end();
    await this.slow?.end();
    if (away !== null) this.fast.log.append(away);
  }

  dropBefore(seconds: number): void {
    this.fast.log.dropBefore(seconds);
    this.slow?.log.dropBefore(seconds);
  }
}

/** The last row before the grid starts. */
function since({ log }: RunningClips, grid: Float64Array): number {
  return grid.length ? Math.max(firstAtLeast(log.seconds, grid[0]!) - 1, 0) : log.length;
}

function timesOf(runs: readonly RunningClips[], grid: Float64Array): Float64Array {
  return Float64Array.from(runs.flatMap((run) => Array.from(run.log.seconds.subarray(since(run, grid)))));
}

/** The index of the time nearest to each of the grid. */
function nearest(times: readonly number[], grid: Float64Array): number[] {
  return Array.from(grid, (time) => {
    if (times.length < 2) return 0;
    const after = Math.min(Math.max(firstAtLeast(times, time), 1), times.length - 1);
    return time - times[after - 1]! <= times[after]! - time ? after - 1 : after;
  });
}

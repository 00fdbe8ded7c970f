/** What a face expresses: action units, intensities and head pose; as `measuring/expressions.py` and `neutral.py`. */

import { clamp, median, quantile, roundEven } from "./numbers.ts";
import rules from "./rules.json";
import { scenesOf } from "./waveform.ts";

/** First frame, and one past the last. */
type Scene = readonly [number, number];

/** Rows of numbers, one row a frame. */
export interface Table {
  readonly columns: number;
  readonly values: Float64Array;
}

export function rowsOf(table: Table): number {
  return table.columns ? table.values.length / table.columns : 0;
}

export interface Expressions {
  readonly units: readonly string[];
  readonly probability: Table;
  readonly intensities: readonly string[];
  readonly intensity: Table;
  /** Pitch, yaw and roll in degrees; NaN where they are not known. */
  readonly headPose: Table;
  readonly neutral: Readonly<Record<string, number>>;
  readonly neutralChoice: "auto" | "none";
  readonly notes: readonly string[];
}

const own = rules.expressions;

/** `outputs` by task, NaN without a face; `labels` by task. */
export function readExpressions(
  outputs: ReadonlyMap<string, Table>,
  labels: ReadonlyMap<string, readonly string[]>,
  found: readonly boolean[],
  fs: number,
  cuts: readonly number[],
): Expressions {
  const frames = found.length;
  const scenes = scenesOf(frames, cuts);
  const pose = calmed(outputs.get("head_pose"), scenes, fs);
  const turned = found.map((there, t) => there && Math.hypot(pose.values[3 * t]!, pose.values[3 * t + 1]!) > own.most_turned_deg);
  const seen = found.map((there, t) => there && !turned[t]);
  const logits = outputs.get("au");
  const units = (logits && labels.get("au")) || [];
  if (!logits) return { ...nothing(frames), headPose: pose };
  const shown = where(logits, seen);
  const [taken, neutralChoice] = neutralInScenes(shown, fs, own.at_rest, own.most_taken, scenes);
  const usual = usualLevels(taken, seen);
  const rated = outputs.get("intensity");
  let intensity: Table = { columns: 0, values: new Float64Array(0) };
  if (rated) {
    const levels = where(rated, seen);
    const [atRest] = neutralInScenes(levels, fs, own.no_intensity, own.most_intensity_taken, scenes);
    intensity = changed(levels, (value, column, row) => clamp(value - atRest.values[row * levels.columns + column]!, 0, rules.most_intense));
  }
  return {
    units,
    probability: changed(shown, (value, column, row) => 0.5 * (1 + Math.tanh(0.5 * (value - taken.values[row * taken.columns + column]!)))),
    intensities: (rated && labels.get("intensity")) || [],
    intensity,
    headPose: pose,
    neutral: Object.fromEntries(units.flatMap((label, i) => (usual[i]! > 0 ? [[label, usual[i]!]] : []))),
    neutralChoice,
    notes: notesOf(turned, found),
  };
}

function nothing(frames: number): Expressions {
  const empty = { columns: 0, values: new Float64Array(0) };
  const headPose = { columns: 3, values: new Float64Array(3 * frames).fill(NaN) };
  return { units: [], probability: empty, intensities: [], intensity: empty, headPose, neutral: {}, neutralChoice: "none", notes: [] };
}

/** Those of the last frames alone, compared with the same neutral face. */
export function lastRows(expressions: Expressions, frames: number): Expressions {
  const last = (table: Table): Table => ({ ...table, values: table.values.slice(Math.max(table.values.length - frames * table.columns, 0)) });
  const { probability, intensity, headPose } = expressions;
  return { ...expressions, probability: last(probability), intensity: last(intensity), headPose: last(headPose) };
}

/** By how much a person's neutral face lies above a face at rest, for each unit; and whether it is known. */
export function neutralLevels(levels: Table, fs: number, atRest: number, most: number): [number[], "auto" | "none"] {
  const { columns, values } = levels;
  const known: number[] = [];
  for (let t = 0; t < rowsOf(levels); t++) {
    if (values.subarray(t * columns, (t + 1) * columns).every(Number.isFinite)) known.push(t);
  }
  const each = Array.from({ length: columns }, (_, column) => column);
  if (known.length === 0 || known.length < rules.neutral.least_s * fs) return [each.map(() => 0), "none"];
  const levelOf = (column: number) =>
    quantile(
      known.map((t) => values[t * columns + column]!),
      rules.neutral.quantile,
    );
  return [each.map((column) => clamp(levelOf(column) - atRest, 0, most)), "auto"];
}

/** What `neutralLevels` takes off in each scene, for its frames; and what was done in one scene at least. */
function neutralInScenes(levels: Table, fs: number, atRest: number, most: number, scenes: readonly Scene[]): [Table, "auto" | "none"] {
  const { columns } = levels;
  const taken = { columns, values: new Float64Array(levels.values.length) };
  let done: "auto" | "none" = "none";
  for (const [start, stop] of scenes) {
    const part = { columns, values: levels.values.subarray(start * columns, stop * columns) };
    const [off, choice] = neutralLevels(part, fs, atRest, most);
    for (let t = start; t < stop; t++) taken.values.set(off, t * columns);
    if (choice === "auto") done = "auto";
  }
  return [taken, done];
}

/** The mean of what is taken off, over the frames that show the face. */
function usualLevels({ columns, values }: Table, seen: readonly boolean[]): number[] {
  const shown = seen.filter(Boolean).length;
  const sums = new Array<number>(columns).fill(0);
  seen.forEach((there, t) => {
    if (there) for (let c = 0; c < columns; c++) sums[c]! += values[t * columns + c]!;
  });
  return sums.map((sum) => (shown ? sum / shown : 0));
}

function where(table: Table, seen: readonly boolean[]): Table {
  return changed(table, (value, _column, t) => (seen[t] ? value : NaN));
}

function changed(table: Table, change: (value: number, column: number, row: number) => number): Table {
  const { columns } = table;
  return { columns, values: table.values.map((value, i) => change(value, i % columns, Math.floor(i / columns))) };
}

/** Running medians of angles over the frames with a face, scene by scene. */
function calmed(pose: Table | undefined, scenes: readonly Scene[], fs: number): Table {
  const calm = new Float64Array(3 * (scenes[scenes.length - 1]?.[1] ?? 0)).fill(NaN);
  const reach = roundEven((own.pose_s * fs) / 2);
  for (const [start, stop] of pose ? scenes : []) {
    const known: number[] = [];
    for (let t = start; t < stop; t++) if ([0, 1, 2].every((angle) => Number.isFinite(pose!.values[3 * t + angle]))) known.push(t);
    known.forEach((t, place) => {
      for (let angle = 0; angle < 3; angle++) {
        const around: number[] = [];
        for (let step = -reach; step <= reach; step++) {
          const other = known[clamp(place + step, 0, known.length - 1)]!;
          around.push(pose!.values[3 * other + angle]!);
        }
        calm[3 * t + angle] = median(around);
      }
    });
  }
  return { columns: 3, values: calm };
}

function notesOf(turned: readonly boolean[], found: readonly boolean[]): string[] {
  const away = turned.filter(Boolean).length;
  if (!away) return [];
  const share = roundEven((100 * away) / found.filter(Boolean).length);
  return [
    `the face is turned away by more than ${own.most_turned_deg} degrees in ${share}% of the frames with a face; ` +
      "no action units are given there",
  ];
}

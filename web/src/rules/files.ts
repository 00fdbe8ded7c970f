/** A measurement as the files of the command line; as `results/measurement_files.py`. */

import { unitEvents } from "./events.ts";
import { type Measurement, column } from "./measurement.ts";
import { fixed, general } from "./number_text.ts";
import rules from "./rules.json";

const POSE = ["pitch", "yaw", "roll"];

/** File names and texts, the summary last; a person with a number has a folder. */
export function resultFiles(measurement: Measurement): Record<string, string> {
  const folder = measurement.person === null ? "" : `${rules.person_folder}${measurement.person}/`;
  const files = {
    "waveforms.csv": waveformsCsv(measurement),
    "rates.csv": ratesCsv(measurement),
    "action_units.csv": unitsCsv(measurement),
    "events.csv": eventsCsv(measurement),
    "measurement.json": measurementJson(measurement),
  };
  return Object.fromEntries(Object.entries(files).map(([name, content]) => [folder + name, content]));
}

/** Columns with their header, one row a line. */
function csv(columns: readonly (readonly [string, readonly string[]])[]): string {
  const rows = columns[0]?.[1].length ?? 0;
  const lines = [columns.map(([name]) => name).join(",")];
  for (let row = 0; row < rows; row++) lines.push(columns.map(([, cells]) => cells[row]!).join(","));
  return `${lines.join("\n")}\n`;
}

const fixedColumn = (values: Iterable<number>, digits: number): string[] => Array.from(values, (value) => fixed(value, digits));

function waveformsCsv({ frames, waveforms, pulseBand }: Measurement): string {
  const wave = (values: Float64Array) => Array.from(values, (value) => (Number.isNaN(value) ? "" : general(value, 6)));
  const place = (key: "x" | "y" | "size") => frames.squares.map((square) => (square ? String(square[key]) : ""));
  return csv([
    ["timestamp_s", fixedColumn(frames.seconds, 6)],
    ["pulse", wave(waveforms.heart)],
    ["respiration", wave(waveforms.breathing)],
    ["face_found", frames.found.map((found) => (found ? "1" : "0"))],
    ["face_x", place("x")],
    ["face_y", place("y")],
    ["face_size", place("size")],
    ["pulse_band", wave(pulseBand)],
  ]);
}

function ratesCsv({ alongSeconds, along }: Measurement): string {
  return csv([
    ["timestamp_s", fixedColumn(alongSeconds, 6)],
    ["heart_rate", fixedColumn(along.heart.value, 3)],
    ["heart_rate_quality", fixedColumn(along.heart.quality, 4)],
    ["breathing_rate", fixedColumn(along.breathing.value, 3)],
    ["breathing_rate_quality", fixedColumn(along.breathing.quality, 4)],
  ]);
}

function unitsCsv({ frames, expressions }: Measurement): string {
  const columns: [string, string[]][] = [
    ["frame", Array.from(frames.seconds, (_, frame) => String(frame))],
    ["timestamp_s", fixedColumn(frames.seconds, 6)],
  ];
  expressions.units.forEach((label, i) => {
    const probability = fixedColumn(column(expressions.probability, i), 4);
    const active = probability.map((text) => (text === "" ? "" : Number(text) >= rules.active_threshold ? "1" : "0"));
    columns.push([`${label}_p`, probability], [`${label}_c`, active]);
  });
  expressions.intensities.forEach((label, i) => columns.push([`${label}_r`, fixedColumn(column(expressions.intensity, i), 2)]));
  if (expressions.headPose.values.some(Number.isFinite)) {
    POSE.forEach((angle, i) => columns.push([`pose_${angle}`, fixedColumn(column(expressions.headPose, i), 1)]));
  }
  return csv(columns);
}

function eventsCsv(measurement: Measurement): string {
  const events = unitEvents(measurement);
  const cells = (of: (event: (typeof events)[number]) => string) => events.map(of);
  return csv([
    ["unit", cells((event) => event.unit)],
    ["onset_s", cells((event) => event.onset.toFixed(3))],
    ["apex_s", cells((event) => event.apex.toFixed(3))],
    ["offset_s", cells((event) => event.offset.toFixed(3))],
    ["peak_probability", cells((event) => event.peakProbability.toFixed(4))],
    ["peak_intensity", cells((event) => (event.peakIntensity === null ? "" : event.peakIntensity.toFixed(2)))],
  ]);
}

export function measurementJson({ frames, rates, units, expressions, blinksPerMinute, person, weights }: Measurement): string {
  const there = frames.found.filter(Boolean).length;
  const summary = {
    source: frames.source,
    duration_s: frames.found.length / frames.fs,
    fs: frames.fs,
    frames: frames.found.length,
    face: { found_fraction: frames.found.length ? there / frames.found.length : 0, choice: "auto" },
    heart_rate: rates.heart,
    breathing_rate: rates.breathing,
    action_units: units,
    neutral: expressions.neutralChoice,
    blinks_per_minute: blinksPerMinute,
    method: "network",
    weights,
    settings: "default",
    version: rules.version,
    notes: [...frames.notes, ...expressions.notes],
    cuts_s: frames.cuts.map((cut) => frames.seconds[cut]!),
    person,
  };
  const rounded = (_key: string, value: unknown) => (typeof value === "number" ? Math.round(value * 1e6) / 1e6 : value);
  return `${JSON.stringify(summary, rounded, 2)}\n`;
}

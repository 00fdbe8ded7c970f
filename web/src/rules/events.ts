/** When action units begin, culminate and end; as `results/unit_events.py`. */

import { type Expressions, rowsOf } from "./expressions.ts";
import rules from "./rules.json";
import { scenesOf } from "./waveform.ts";

export interface UnitEvent {
  readonly unit: string;
  readonly onset: number;
  readonly apex: number;
  readonly offset: number;
  readonly peakProbability: number;
  readonly peakIntensity: number | null;
}

/** What events are found in. */
export interface Expressed {
  readonly expressions: Expressions;
  readonly frames: { readonly fs: number; readonly seconds: Float64Array; readonly cuts: readonly number[] };
}

const own = rules.events;

export function unitEvents(measured: Expressed): UnitEvent[] {
  const events = measured.expressions.units.flatMap((label) => eventsOf(measured, label));
  return events.sort((one, other) => one.onset - other.onset || (one.unit < other.unit ? -1 : 1));
}

export function blinksPerMinute(measured: Expressed): number | null {
  const { expressions, frames } = measured;
  const index = expressions.units.indexOf(rules.blink);
  if (index < 0) return null;
  const { columns, values } = expressions.probability;
  let seen = 0;
  for (let t = 0; t < rowsOf(expressions.probability); t++) if (Number.isFinite(values[t * columns + index])) seen++;
  if (!seen) return null;
  const blinks = eventsOf(measured, rules.blink).filter((event) => event.offset - event.onset <= own.longest_blink_s);
  return (60 * blinks.length * frames.fs) / seen;
}

/** A column of a table, rounded as in the files. */
function rounded(table: Expressions["probability"], index: number, digits: number): Float64Array {
  const scale = 10 ** digits;
  return Float64Array.from({ length: rowsOf(table) }, (_, row) => Math.round(table.values[row * table.columns + index]! * scale) / scale);
}

function eventsOf({ expressions, frames }: Expressed, label: string): UnitEvent[] {
  const probability = rounded(expressions.probability, expressions.units.indexOf(label), 4);
  const place = expressions.intensities.indexOf(label);
  const intensity = place < 0 ? null : rounded(expressions.intensity, place, 2);
  const strength = intensity ?? probability;
  const shortest = label === rules.blink ? own.shortest_blink_s : own.shortest_s;
  const found = scenesOf(probability.length, frames.cuts).flatMap(([first, last]) =>
    runs(probability.subarray(first, last), frames.fs, shortest).map(([start, stop]) => [first + start, first + stop] as const),
  );
  return found.map(([start, stop]) => {
    const peak = (values: Float64Array) => values.subarray(start, stop).reduce((most, value) => (value > most ? value : most), -Infinity);
    const apex = start + strength.subarray(start, stop).indexOf(peak(strength));
    return {
      unit: label,
      onset: frames.seconds[start]!,
      apex: frames.seconds[apex]!,
      offset: frames.seconds[stop - 1]! + 1 / frames.fs,
      peakProbability: peak(probability),
      peakIntensity: intensity && peak(intensity),
    };
  });
}

/** First and one past the last frame of each event. */
function runs(probability: Float64Array, fs: number, shortest: number): [number, number][] {
  const found: [number, number][] = [];
  let begun = -1;
  for (let frame = 0; frame <= probability.length; frame++) {
    const known = frame < probability.length && Number.isFinite(probability[frame]);
    const value = known ? probability[frame]! : -1;
    if (begun < 0 && value >= rules.active_threshold) begun = frame;
    else if (begun >= 0 && value < own.ends_below) {
      const last = found[found.length - 1];
      const joins = last && begun - last[1] < own.shortest_pause_s * fs && probability.subarray(last[1], begun).every(Number.isFinite);
      if (joins) last[1] = frame;
      else found.push([begun, frame]);
      begun = -1;
    }
  }
  return found.filter(([start, stop]) => stop - start >= shortest * fs - 1e-6);
}

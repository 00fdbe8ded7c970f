/** From signals to a measurement, with the fields that the command line writes; as `measuring/summarize.py`. */

import { type Expressions, type Table, rowsOf } from "./expressions.ts";
import { combFiltered } from "./comb_filter.ts";
import type { Square } from "./image.ts";
import type { Judge } from "./judging.ts";
import { mean } from "./numbers.ts";
import { type Rate, type RateSeries, estimateRate, noRate, rateTimes, ratesAlong } from "./rate.ts";
import { type Quantity, SETTINGS } from "./settings.ts";
import { blinksPerMinute } from "./events.ts";
import rules from "./rules.json";
import { cleanWaveform } from "./waveform.ts";

/** The frames that were read, on an even time grid. */
export interface Frames {
  readonly source: string;
  readonly fs: number;
  readonly seconds: Float64Array;
  readonly found: readonly boolean[];
  readonly squares: readonly (Square | null)[];
  readonly notes: readonly string[];
  /** The first frames of new scenes. */
  readonly cuts: readonly number[];
}

/** Differences by quantity, or why there are none; what their rates are judged by; and the expressions. */
export interface Signals {
  readonly differences: Readonly<Record<Quantity, Float64Array | string>>;
  readonly judges: Readonly<Record<Quantity, Judge | null>>;
  readonly expressions: Expressions;
}

export interface ActionUnit {
  readonly name: string;
  readonly mean_probability: number | null;
  readonly active_fraction: number | null;
  readonly mean_intensity: number | null;
  readonly auc: number | null;
  readonly neutral: number;
}

export interface Measurement {
  readonly frames: Frames;
  readonly rates: Readonly<Record<Quantity, Rate>>;
  readonly waveforms: Readonly<Record<Quantity, Float64Array>>;
  /** The pulse with all of the band. */
  readonly pulseBand: Float64Array;
  readonly alongSeconds: Float64Array;
  readonly along: Readonly<Record<Quantity, RateSeries>>;
  readonly units: Readonly<Record<string, ActionUnit>>;
  readonly expressions: Expressions;
  readonly blinksPerMinute: number | null;
  /** A number from 1 on where several people may be measured. */
  readonly person: number | null;
  readonly weights: { readonly name: string; readonly sha256: string; readonly precision: string };
}

/** A rate along the recording must exist in more than this share of its windows. */
const MOST = rules.most_windows;
const QUANTITIES: readonly Quantity[] = ["heart", "breathing"];

export function each<T>(of: (quantity: Quantity) => T): Record<Quantity, T> {
  return Object.fromEntries(QUANTITIES.map((quantity) => [quantity, of(quantity)])) as Record<Quantity, T>;
}

export function summarize(
  frames: Frames,
  signals: Signals,
  bundle: { readonly name: string; readonly sha256: string; readonly precision: string; readonly unitAuc: Readonly<Record<string, number>> },
): Measurement {
  const { fs, found, cuts } = frames;
  const { expressions } = signals;
  const differences = each((quantity) => {
    const given = signals.differences[quantity];
    return typeof given === "string" ? new Float64Array(found.length).fill(NaN) : given;
  });
  const rates = each((quantity) => rateOf(signals.differences[quantity], frames, quantity, signals.judges[quantity]));
  const along = each((quantity) => alongOf(ratesAlong(differences[quantity], fs, quantity, signals.judges[quantity], cuts), rates[quantity]));
  const bands = each((quantity) => cleanWaveform(differences[quantity], fs, quantity));
  const start = frames.seconds[0] ?? 0;
  const measurement = {
    frames,
    rates,
    waveforms: {
      ...bands,
      heart: SETTINGS.heart.comb ? combFiltered(bands.heart, fs, rates.heart, along.heart, SETTINGS.heart) : bands.heart,
    },
    pulseBand: bands.heart,
    alongSeconds: rateTimes(found.length, fs).map((seconds) => start + seconds),
    along,
    units: Object.fromEntries(expressions.units.map((label, i) => [label, unitOf(label, i, expressions, bundle.unitAuc)])),
    expressions,
    blinksPerMinute: null,
    person: null,
    weights: { name: bundle.name, sha256: bundle.sha256, precision: bundle.precision },
  };
  return { ...measurement, blinksPerMinute: blinksPerMinute(measurement) };
}

function rateOf(difference: Float64Array | string, { fs, found, cuts }: Frames, quantity: Quantity, judge: Judge | null): Rate {
  const there = found.filter(Boolean).length;
  if (!there) return noRate(quantity, "no face was found");
  if (typeof difference === "string") return noRate(quantity, difference);
  const rate = estimateRate(difference, fs, quantity, judge, cuts);
  // Frames without a face lower the quality, however clean the rest is.
  return rate.interval ? rate : { ...rate, quality: (rate.quality * there) / found.length };
}

function alongOf(along: RateSeries, whole: Rate): RateSeries {
  const there = along.value.filter(Number.isFinite).length;
  const steady = whole.value !== null || (along.value.length > 0 && there / along.value.length > MOST);
  return steady ? along : { value: along.value.map(() => NaN), quality: along.quality };
}

export function column(table: Table, index: number): Float64Array {
  return Float64Array.from({ length: rowsOf(table) }, (_, row) => table.values[row * table.columns + index]!);
}

function unitOf(label: string, index: number, expressions: Expressions, unitAuc: Readonly<Record<string, number>>): ActionUnit {
  const known = column(expressions.probability, index).filter(Number.isFinite);
  const place = expressions.intensities.indexOf(label);
  const rated = place < 0 ? new Float64Array(0) : column(expressions.intensity, place).filter(Number.isFinite);
  const active = known.filter((value) => Math.fround(value) >= rules.active_threshold).length;
  return {
    name: (rules.unit_names as Record<string, string>)[label] ?? label,
    mean_probability: known.length ? mean(known) : null,
    active_fraction: known.length ? active / known.length : null,
    mean_intensity: rated.length ? mean(rated) : null,
    auc: unitAuc[label] ?? null,
    neutral: expressions.neutral[label] ?? 0,
  };
}

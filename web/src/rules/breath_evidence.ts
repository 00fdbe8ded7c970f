/** Evidence for and against a breathing rate, in the network's reading, in the shoulders, and between the two; as `signals/breath_evidence.py`. */

import type { Candidate } from "./judging.ts";
import { clamp, median, roundEven } from "./numbers.ts";
import { agreement, amplitudes, coherence, logit, steadiness } from "./pieces.ts";
import rules from "./rules.json";
import { interpolatedPeak, pooledSpectrum } from "./spectra.ts";

const own = rules.breath_evidence;

/** What the network reads and how the shoulders, and what is above them, move, a few times a second. */
export interface Shoulders {
  readonly fs: number;
  readonly cuts: readonly number[];
  readonly network: Float64Array;
  readonly body: Float64Array;
  readonly above: Float64Array;
}

/** The strongest rhythm of the shoulders, and their power near the network's rate relative to it. */
export interface Rhythm {
  readonly rateHz: number;
  readonly near: number;
}

export function shouldersOf({ difference, fs, cuts }: Candidate, shifts: readonly Float64Array[]): Shoulders {
  const together = Math.max(Math.trunc(fs / own.least_hz), 1);
  const columns = [difference, ...shifts];
  const unseen = Uint8Array.from(difference, (_, t) => Number(columns.some((column) => !Number.isFinite(column[t]))));
  const [network, body, above] = columns.map((column) =>
    summed(
      column.map((value, t) => (unseen[t] ? NaN : value)),
      together,
    ),
  ) as [Float64Array, Float64Array, Float64Array];
  const slowCuts = cuts.map((cut) => Math.floor(cut / together));
  return { fs: fs / together, cuts: slowCuts, network, body: aroundUsual(body), above: aroundUsual(above) };
}

/** Null if the shoulders were seen too briefly; those that are still have a rate of 0. */
export function rhythmOf({ peak, settings }: Candidate, { body, fs, cuts }: Shoulders): Rhythm | null {
  const pooled = pooledSpectrum(body, fs, settings, cuts);
  if (!pooled) return null;
  const { frequencies, power } = pooled;
  if (power.every((value) => value === 0)) return { rateHz: 0, near: 0 };
  const near = power.filter((_, f) => Math.abs(60 * (frequencies[f]! - peak.rateHz)) <= own.apart);
  const largest = (values: Float64Array) => values.reduce((most, one) => Math.max(most, one), 0);
  return { rateHz: interpolatedPeak(frequencies, power), near: largest(near) / largest(power) };
}

/** How far the shoulders swing to either side at a rate, and how far they do so against what is above them. */
export function movesOf({ body, above, fs }: Shoulders, rateHz: number, windowSeconds: number): readonly [number, number] {
  const against = body.map((value, t) => value - above[t]!);
  return [swingOf(body, fs, rateHz, windowSeconds), swingOf(against, fs, rateHz, windowSeconds)];
}

/** In the order of the model; NaN where something is unknown. */
export function breathEvidence({ peak, settings }: Candidate, shoulders: Shoulders, rhythm: Rhythm): number[] {
  const { rateHz } = peak;
  const step = own.piece_step / rateHz;
  const pieces = (column: Float64Array) => amplitudes(column, shoulders.fs, rateHz, own.piece / rateHz, step);
  const network = pieces(shoulders.network);
  const body = pieces(shoulders.body);
  const [move] = movesOf(shoulders, rateHz, settings.window_s);
  const values: Record<string, number> = {
    steadiness: steadiness(network, rateHz, step),
    shoulder_steadiness: steadiness(body, rateHz, step),
    shoulder_power: logit(rhythm.near),
    move: Math.log(move + own.least),
    body: logit(coherence(network, body)),
    above: logit(coherence(network, pieces(shoulders.above))),
    in_step: agreement(network, body),
  };
  return own.evidence.map((name) => values[name]!);
}

/** Differences over so many frames at a time. */
function summed(difference: Float64Array, together: number): Float64Array {
  return Float64Array.from({ length: Math.floor(difference.length / together) }, (_, i) => {
    let sum = 0;
    for (let t = i * together; t < (i + 1) * together; t++) sum += difference[t]!;
    return sum;
  });
}

/** A shift around its usual value; what is too far from it is limited. */
function aroundUsual(shift: Float64Array): Float64Array {
  const known = shift.filter(Number.isFinite);
  if (!known.length) return shift;
  const usual = median(known);
  const far = own.far * Math.max(median(known.map((value) => Math.abs(value - usual))), own.rest);
  return shift.map((value) => clamp(value - usual, -far, far));
}

/** How far shoulders, whose shift this is, swing to either side at a rate: the mean of overlapping windows. */
function swingOf(shift: Float64Array, fs: number, rateHz: number, windowSeconds: number): number {
  const length = Math.min(roundEven(windowSeconds * fs), shift.length);
  const step = Math.max(Math.floor(length / 4), 1);
  let swings = 0;
  let weight = 0;
  for (let start = 0; start + length <= shift.length; start += step) {
    let re = 0;
    let im = 0;
    for (let t = 0; t < length; t++) {
      const moved = shift[start + t]!;
      if (!Number.isFinite(moved)) continue;
      const taper = Math.sin((Math.PI * (t + 0.5)) / length) ** 2;
      const angle = (2 * Math.PI * rateHz * t) / fs;
      weight += taper;
      re += moved * taper * Math.cos(angle);
      im += moved * taper * Math.sin(angle);
    }
    swings += Math.hypot(re, im);
  }
  // From the swing of the differences to that of their sum.
  return swings / Math.max(weight, 1e-9) / Math.sin((Math.PI * rateHz) / fs);
}

/** Heart and breathing rates, of a recording and along it; as `signals/rate.py` with the default settings. */

import { isDoubled } from "./half_rate.ts";
import type { Candidate, Judge, Verdict } from "./judging.ts";
import { roundEven } from "./numbers.ts";
import { spectralQuality } from "./quality.ts";
import { NAMES, nothingSteady, tooSlow, whyNone } from "./rate_notes.ts";
import rules from "./rules.json";
import { type Quantity, type RateSettings, SETTINGS, STEP_S, UNITS } from "./settings.ts";
import { interpolatedPeak, pooledSpectrum, windowSpectra } from "./spectra.ts";
import { cleanWaveform, sceneNumbers } from "./waveform.ts";

/** The rate of a whole recording; see `Rate` in Python. */
export interface Rate {
  readonly value: number | null;
  readonly unit: string;
  readonly quality: number;
  readonly note: string | null;
  readonly estimate: number | null;
  readonly interval: readonly [number, number] | null;
}

/** Rates along a recording, at the times of `rateTimes`; NaN where there is none. */
export interface RateSeries {
  readonly value: Float64Array;
  readonly quality: Float64Array;
}

export function noRate(quantity: Quantity, note: string): Rate {
  return { value: null, unit: UNITS[quantity], quality: 0, note, estimate: null, interval: null };
}

export function rateTimes(frames: number, fs: number): Float64Array {
  return Float64Array.from({ length: Math.trunc(frames / fs / STEP_S) }, (_, i) => STEP_S * (0.5 + i));
}

const finite = (values: Float64Array): number => values.reduce((count, value) => count + (Number.isFinite(value) ? 1 : 0), 0);

/** `cuts` are the samples at which another scene begins; no window reaches across. */
export function estimateRate(difference: Float64Array, fs: number, quantity: Quantity, given: Judge | null, cuts: readonly number[]): Rate {
  const settings = SETTINGS[quantity];
  const waveform = cleanWaveform(difference, fs, quantity);
  const note = whyNone(waveform, finite(difference) / fs, fs, quantity, settings);
  if (note) return noRate(quantity, note);
  const pooled = pooledSpectrum(waveform, fs, settings, cuts);
  if (!pooled) {
    const needs = `${NAMES[quantity]} needs ${settings.minimum_s} s within ${settings.window_s} s`;
    return noRate(quantity, `the usable signal is in pieces; ${needs}`);
  }
  const { frequencies, power } = pooled;
  const lobeHz = rules.lobe / pooled.windowSeconds;
  const usableSeconds = finite(waveform) / fs;
  const judge = able(given);
  const verdictOf = (rateHz: number): Verdict => {
    const peak = { frequencies, power, rateHz, lobeHz, noiseSlope: settings.noise_slope };
    return judge ? judged({ difference, fs, peak, settings, cuts }, judge) : { quality: spectralQuality(peak, usableSeconds), note: null };
  };
  const floor = floorOf(settings, judge);
  let rateHz = interpolatedPeak(frequencies, power);
  let verdict = verdictOf(rateHz);
  if (settings.overtones && (judge || verdict.quality >= floor)) {
    const wide = pooledSpectrum(difference, fs, widened(settings, fs), cuts);
    if (wide && isDoubled(wide.frequencies, wide.power, rateHz, lobeHz)) {
      rateHz /= 2;
      if (rateHz < settings.band_hz[0]) return noRate(quantity, tooSlow(rateHz, quantity, settings));
      verdict = verdictOf(rateHz);
    }
  }
  const { quality } = verdict;
  const estimate = 60 * rateHz;
  const enough = quality >= floor;
  return {
    value: enough ? estimate : null,
    unit: UNITS[quantity],
    quality,
    note: enough ? null : (verdict.note ?? nothingSteady(quantity)),
    estimate,
    interval: intervalAround(estimate, quality, settings, judge),
  };
}

export function ratesAlong(difference: Float64Array, fs: number, quantity: Quantity, given: Judge | null, cuts: readonly number[]): RateSeries {
  const settings = SETTINGS[quantity];
  const judge = able(given);
  const window = Math.max(roundEven(settings.window_s * fs), 1);
  const before = Math.floor(window / 2);
  const starts = Array.from(rateTimes(difference.length, fs), (time) => roundEven(time * fs));
  const around = padded(cleanWaveform(difference, fs, quantity), before, window);
  const scene = sceneNumbers(around.length, cuts, -before);
  const { frequencies, rows, usable } = windowSpectra(around, fs, settings, window, starts, scene);
  const wide = settings.overtones ? windowSpectra(padded(difference, before, window), fs, widened(settings, fs), window, starts, scene) : null;
  const value = new Float64Array(starts.length).fill(NaN);
  const quality = new Float64Array(starts.length);
  const floor = floorOf(settings, judge);
  rows.forEach((power, row) => {
    let rateHz = interpolatedPeak(frequencies, power);
    const lobeHz = rules.lobe / Math.max(usable[row]!, 1 / fs);
    let enough = usable[row]! >= settings.minimum_s && power.some((one) => one !== 0);
    if (!enough) return;
    const peak = { frequencies, power, rateHz, lobeHz, noiseSlope: settings.noise_slope };
    const first = Math.max(starts[row]! - before, 0);
    const stop = starts[row]! - before + window;
    const middle = scene[before + starts[row]!];
    const within = difference.slice(first, stop).map((value, i) => (scene[before + first + i] === middle ? value : NaN));
    const found = judge
      ? judged({ difference: within, fs, peak, settings, cuts: [] }, judge.part(first, stop)).quality
      : spectralQuality(peak, usable[row]!);
    let steady = found >= floor;
    if (wide) {
      if (steady && isDoubled(wide.frequencies, wide.rows[row]!, rateHz, lobeHz)) rateHz /= 2;
      steady = steady && rateHz >= settings.band_hz[0];
      enough = rateHz >= settings.band_hz[0];
    }
    if (steady) value[row] = 60 * rateHz;
    if (enough) quality[row] = found;
  });
  return { value, quality };
}

/** A judge, if there is one that can judge. */
function able(judge: Judge | null): Judge | null {
  return judge?.canJudge ? judge : null;
}

/** The quality under which a rate is withheld. */
function floorOf(settings: RateSettings, judge: Judge | null): number {
  return judge ? judge.floor(settings) : settings.quality_floor;
}

/** What a judge says; quality 0 at an edge of the band, where a rate is the flank of a peak outside. */
function judged(candidate: Candidate, judge: Judge): Verdict {
  const { frequencies, rateHz } = candidate.peak;
  const inside = frequencies[0]! < rateHz && rateHz < frequencies[frequencies.length - 1]!;
  return inside ? judge.verdict(candidate) : { quality: 0, note: null };
}

function intervalAround(value: number, quality: number, settings: RateSettings, judge: Judge | null): [number, number] | null {
  const width = judge?.width(quality) ?? null;
  if (width === null) return null;
  const [low, high] = settings.band_hz;
  return [Math.max(value - width, 60 * low), Math.min(value + width, 60 * high)];
}

/** The same settings with a band that holds half and one and a half of each rate. */
function widened(settings: RateSettings, fs: number): RateSettings {
  const [low, high] = settings.band_hz;
  return { ...settings, band_hz: [low / 4, Math.min(2 * high, fs / 2)] };
}

function padded(values: Float64Array, before: number, after: number): Float64Array {
  const around = new Float64Array(before + values.length + after).fill(NaN);
  around.set(values, before);
  return around;
}

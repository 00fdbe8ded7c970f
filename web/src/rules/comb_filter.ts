/** Of a pulse whose rate is known, what lies around the rate and its overtones; as `signals/comb_filter.py`. */

import { type Rate, type RateSeries, rateTimes } from "./rate.ts";
import { mean } from "./numbers.ts";
import rules from "./rules.json";
import type { RateSettings } from "./settings.ts";
import { stretches } from "./waveform.ts";

const { narrow_hz: NARROW_HZ, wide_hz: WIDE_HZ, reach: REACH, multiples: MULTIPLES, between: BETWEEN, sides: SIDES } = rules.comb;

/** A waveform of standard deviation 1; where no rate is measured within half a window, it is as it was. */
export function combFiltered(waveform: Float64Array, fs: number, rate: Rate, along: RateSeries, settings: RateSettings): Float64Array {
  const track = trackOf(waveform.length, fs, rate, along, settings);
  if (!track) return waveform;
  const filtered = waveform.slice();
  for (const [start, stop] of stretches(waveform, 1)) {
    const combed = comb(waveform.slice(start, stop), fs, track.rateHz.slice(start, stop), settings.band_hz);
    combed.forEach((value, i) => {
      if (track.near[start + i]) filtered[start + i] = value;
    });
  }
  const spread = Math.sqrt(power(filtered.filter(Number.isFinite)));
  return spread > 0 ? filtered.map((value) => value / spread) : filtered;
}

/** The rate at each sample, and whether one is measured near it; null without a rate. */
function trackOf(samples: number, fs: number, rate: Rate, along: RateSeries, settings: RateSettings): { rateHz: Float64Array; near: boolean[] } | null {
  const all = rateTimes(samples, fs);
  const known = Array.from(all.keys()).filter((row) => Number.isFinite(along.value[row]));
  const rateHz = new Float64Array(samples);
  if (!known.length) return rate.value === null ? null : { rateHz: rateHz.fill(rate.value / 60), near: new Array<boolean>(samples).fill(true) };
  const near = new Array<boolean>(samples);
  let place = 0;
  for (let i = 0; i < samples; i++) {
    const time = i / fs;
    while (place < known.length && all[known[place]!]! < time) place++;
    const before = known[Math.max(place - 1, 0)]!;
    const after = known[Math.min(place, known.length - 1)]!;
    const share = before === after ? 0 : (time - all[before]!) / (all[after]! - all[before]!);
    rateHz[i] = (along.value[before]! + share * (along.value[after]! - along.value[before]!)) / 60;
    near[i] = Math.min(Math.abs(all[before]! - time), Math.abs(all[after]! - time)) <= settings.window_s / 2;
  }
  return { rateHz, near };
}

function comb(waveform: Float64Array, fs: number, rateHz: Float64Array, bandHz: readonly [number, number]): Float64Array {
  let sum = 0;
  const turns = rateHz.map((value) => (sum += value) / fs);
  const [low, high] = bandHz.map((edge) => edge / mean(rateHz)) as [number, number];
  const around = (multiple: number, widthHz: number) => shiftedAndSmoothed(waveform, turns, multiple, fs, widthHz);
  const between = BETWEEN.filter((multiple) => low <= multiple && multiple <= high).map((multiple) => power(around(multiple, NARROW_HZ)));
  const noise = between.length ? mean(between) * SIDES : 0;
  const kept = new Float64Array(waveform.length);
  for (const multiple of MULTIPLES.filter((one) => one <= high)) {
    const middle = around(multiple, NARROW_HZ);
    const sides = around(multiple, WIDE_HZ).map((value, i) => value - middle[i]!);
    const share = Math.max(1 - noise / Math.max(power(sides), 1e-12), 0);
    sides.forEach((value, i) => (kept[i]! += middle[i]! + share * value));
  }
  return kept;
}

/** What lies around a multiple of the rate: moved to frequency 0, smoothed by a Gaussian, and moved back. */
function shiftedAndSmoothed(waveform: Float64Array, turns: Float64Array, multiple: number, fs: number, widthHz: number): Float64Array {
  const deviation = fs / (2 * Math.PI * widthHz);
  const reach = Math.trunc(REACH * deviation);
  const weights = Float64Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-0.5 * ((i - reach) / deviation) ** 2));
  const cos = turns.map((turn) => Math.cos(2 * Math.PI * multiple * turn));
  const sin = turns.map((turn) => Math.sin(2 * Math.PI * multiple * turn));
  return waveform.map((_, i) => {
    let real = 0;
    let imaginary = 0;
    let there = 0;
    for (let j = Math.max(i - reach, 0); j <= Math.min(i + reach, waveform.length - 1); j++) {
      const weight = weights[j - i + reach]!;
      real += weight * waveform[j]! * cos[j]!;
      imaginary -= weight * waveform[j]! * sin[j]!;
      there += weight;
    }
    return (2 * (real * cos[i]! - imaginary * sin[i]!)) / there;
  });
}

function power(values: ArrayLike<number>): number {
  return mean(Float64Array.from(values, (value) => value * value));
}

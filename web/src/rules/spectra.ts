/** Power spectra of windows of a waveform, in the band in which a rate is sought; as `signals/spectra.py`. */

import { roundEven } from "./numbers.ts";
import rules from "./rules.json";
import { type RateSettings, STEP_S } from "./settings.ts";
import { sceneNumbers } from "./waveform.ts";

/** Spectra of R windows at F frequencies, each of sum 1 (less if silent), and their usable seconds. */
export interface WindowSpectra {
  readonly frequencies: Float64Array;
  readonly rows: Float64Array[];
  readonly usable: number[];
}

/** Of a window, only the samples of its middle's scene count; `scene` has their numbers. */
export function windowSpectra(
  waveform: Float64Array,
  fs: number,
  settings: Pick<RateSettings, "band_hz">,
  window: number,
  starts: readonly number[],
  scene: Int32Array,
): WindowSpectra {
  const [low, high] = settings.band_hz;
  const spacing = fs / window / rules.oversampling;
  const count = Math.max(Math.trunc((high - low) / spacing), 1) + 1;
  const frequencies = Float64Array.from({ length: count }, (_, i) => low + spacing * i);
  const [cosines, sines] = taperedWaves(window, fs, frequencies);
  const usable: number[] = [];
  const rows = starts.map((start) => {
    const re = new Float64Array(count);
    const im = new Float64Array(count);
    const middle = scene[start + Math.floor(window / 2)];
    let seen = 0;
    for (let t = 0; t < window; t++) {
      const value = waveform[start + t]!;
      if (!Number.isFinite(value) || scene[start + t] !== middle) continue;
      seen++;
      const wave = t * count;
      for (let f = 0; f < count; f++) {
        re[f]! += value * cosines[wave + f]!;
        im[f]! += value * sines[wave + f]!;
      }
    }
    usable.push(seen / fs);
    return re.map((value, f) => value * value + im[f]! * im[f]!);
  });
  const totals = rows.map((row) => row.reduce((sum, value) => sum + value, 0));
  const silence = Math.max(rules.silent * Math.max(0, ...totals), 1e-300);
  const scaled = rows.map((row, i) => row.map((value) => value / Math.max(totals[i]!, silence)));
  return { frequencies, rows: scaled, usable };
}

function taperedWaves(window: number, fs: number, frequencies: Float64Array): [Float64Array, Float64Array] {
  const count = frequencies.length;
  const cosines = new Float64Array(window * count);
  const sines = new Float64Array(window * count);
  for (let t = 0; t < window; t++) {
    const taper = Math.sin((Math.PI * (t + 0.5)) / window) ** 2;
    for (let f = 0; f < count; f++) {
      const angle = (2 * Math.PI * t * frequencies[f]!) / fs;
      cosines[t * count + f] = taper * Math.cos(angle);
      sines[t * count + f] = -taper * Math.sin(angle);
    }
  }
  return [cosines, sines];
}

/** The frequency of the largest peak: the vertex of a parabola through three log powers. */
export function interpolatedPeak(frequencies: Float64Array, power: Float64Array): number {
  let top = 0;
  for (let f = 1; f < power.length; f++) if (power[f]! > power[top]!) top = f;
  const inner = Math.min(Math.max(top, 1), frequencies.length - 2);
  const [left, middle, right] = [-1, 0, 1].map((step) => Math.log(power[inner + step]! + 1e-30)) as [number, number, number];
  const curvature = left - 2 * middle + right;
  const shift = top === inner && curvature < 0 ? (0.5 * (left - right)) / curvature : top - inner;
  return frequencies[inner]! + shift * (frequencies[1]! - frequencies[0]!);
}

export interface PooledSpectrum {
  readonly frequencies: Float64Array;
  readonly power: Float64Array;
  readonly windowSeconds: number;
}

/** The mean power spectrum of windows and their mean usable seconds; null where no window has enough. */
export function pooledSpectrum(waveform: Float64Array, fs: number, settings: RateSettings, cuts: readonly number[]): PooledSpectrum | null {
  const window = Math.min(roundEven(settings.window_s * fs), waveform.length);
  const step = Math.max(roundEven(STEP_S * fs), 1);
  const starts: number[] = [];
  for (let start = 0; start <= waveform.length - window; start += step) starts.push(start);
  const { frequencies, rows, usable } = windowSpectra(waveform, fs, settings, window, starts, sceneNumbers(waveform.length, cuts));
  const weights = usable.map((seconds) => (seconds >= settings.minimum_s ? seconds : 0));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (!total) return null;
  const power = frequencies.map((_, f) => rows.reduce((sum, row, i) => sum + row[f]! * weights[i]!, 0) / total);
  const windowSeconds = usable.reduce((sum, seconds, i) => sum + seconds * weights[i]!, 0) / total;
  return { frequencies, power, windowSeconds };
}

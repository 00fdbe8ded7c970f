/** From a network's differences to a filtered waveform, each stretch between gaps separately; as `signals/waveform.py`. */

import { bandpass, padding } from "./filters.ts";
import { mean } from "./numbers.ts";
import rules from "./rules.json";
import { type Quantity, type RateSettings, SETTINGS, cycleSeconds } from "./settings.ts";

/** A waveform of standard deviation 1; NaN in gaps and in stretches too short to be filtered. */
export function cleanWaveform(difference: Float64Array, fs: number, quantity: Quantity): Float64Array {
  const settings = SETTINGS[quantity];
  const clean = new Float64Array(difference.length).fill(NaN);
  if (fs <= 2 * settings.band_hz[1]) return clean;
  const scaled = scaledToOne(difference);
  const shortest = Math.max(Math.ceil(cycleSeconds(settings) * fs), 1 + padding(settings.order));
  for (const [start, stop] of stretches(scaled, shortest)) clean.set(cleanStretch(scaled.slice(start, stop), fs, settings), start);
  const known = clean.filter(Number.isFinite);
  const spread = known.length ? Math.sqrt(mean(known.map((value) => value * value))) : 0;
  return spread > 0 ? clean.map((value) => value / spread) : clean;
}

function scaledToOne(difference: Float64Array): Float64Array {
  let largest = 0;
  for (const value of difference) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  return difference.map((value) => (Number.isFinite(value) ? value / (largest || 1) : NaN));
}

/** The runs of finite samples that are at least this long, as first and one past the last. */
export function stretches(values: Float64Array, shortest: number): [number, number][] {
  const runs: [number, number][] = [];
  let start = -1;
  for (let i = 0; i <= values.length; i++) {
    const usable = i < values.length && Number.isFinite(values[i]);
    if (usable && start < 0) start = i;
    if (!usable && start >= 0) {
      if (i - start >= shortest) runs.push([start, i]);
      start = -1;
    }
  }
  return runs;
}

/** The scenes of a recording, from the frames at which new ones begin, as first and one past the last. */
export function scenesOf(frames: number, cuts: readonly number[]): [number, number][] {
  const edges = [0, ...cuts, frames];
  return edges.slice(1).map((stop, i) => [edges[i]!, stop]);
}

/** The number of the scene, from 0, of each frame from `first` on. */
export function sceneNumbers(frames: number, cuts: readonly number[], first = 0): Int32Array {
  return Int32Array.from({ length: frames }, (_, i) => cuts.filter((cut) => cut <= first + i).length);
}

function cleanStretch(difference: Float64Array, fs: number, settings: RateSettings): Float64Array {
  const constant = mean(difference);
  const steady = difference.map((value) => value - constant);
  const largest = (values: Float64Array) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (largest(steady) <= rules.flat * largest(difference)) return new Float64Array(difference.length);
  let sum = 0;
  return bandpass(
    steady.map((value) => (sum += value)),
    settings.order,
    settings.band_hz,
    fs,
  );
}

/** Differences between samples at any times, resampled to an even time grid; as `signals/even_differences.py`. */

import { interpolate } from "./numbers.ts";

export function evenDifferences(times: Float64Array, differences: Float64Array, grid: Float64Array, hole: number): Float64Array {
  const even = new Float64Array(grid.length).fill(NaN);
  const n = times.length;
  if (n < 2 || grid.length < 2) return even;
  const wave = new Float64Array(n);
  const unknown = new Float64Array(n);
  for (let i = 1; i < n; i++) {
    const apart = times[i]! - times[i - 1]!;
    const step = differences[i - 1]!;
    const known = apart <= hole && Number.isFinite(step);
    wave[i] = wave[i - 1]! + (known ? step : 0);
    unknown[i] = unknown[i - 1]! + (known ? 0 : apart);
  }
  const waveAt = grid.map((time) => interpolate(time, times, wave));
  const unknownAt = grid.map((time) => interpolate(time, times, unknown));
  const outside = (time: number) => time < times[0]! - 1e-6 || time > times[n - 1]! + 1e-6;
  for (let i = 0; i + 1 < grid.length; i++) {
    const blind = unknownAt[i + 1]! - unknownAt[i]! > 1e-3 * (grid[i + 1]! - grid[i]!);
    if (!blind && !outside(grid[i]!) && !outside(grid[i + 1]!)) even[i] = waveAt[i + 1]! - waveAt[i]!;
  }
  return even;
}

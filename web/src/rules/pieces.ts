/** Amplitude and phase of readings at one rate, piece after piece; as `signals/pieces.py`. */

import { roundEven } from "./numbers.ts";

/** Real and imaginary parts. */
export interface Pieces {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

export type Number2 = readonly [number, number];

export function amplitudes(column: Float64Array, fs: number, rateHz: number, pieceSeconds: number, stepSeconds: number): Pieces {
  const length = Math.min(Math.max(roundEven(pieceSeconds * fs), 2), column.length);
  const step = Math.max(roundEven(stepSeconds * fs), 1);
  const count = Math.floor((column.length - length) / step) + 1;
  const nothing = !column.some(Number.isFinite);
  const re = new Float64Array(count);
  const im = new Float64Array(count);
  const cosines = new Float64Array(length);
  const sines = new Float64Array(length);
  for (let t = 0; t < length; t++) {
    const taper = Math.sin((Math.PI * (t + 0.5)) / length) ** 2;
    const angle = (2 * Math.PI * rateHz * t) / fs;
    cosines[t] = taper * Math.cos(angle);
    sines[t] = -taper * Math.sin(angle);
  }
  for (let piece = 0; piece < count; piece++) {
    for (let t = 0; t < length; t++) {
      const value = column[piece * step + t]!;
      if (!Number.isFinite(value)) continue;
      re[piece]! += value * cosines[t]!;
      im[piece]! += value * sines[t]!;
    }
  }
  return nothing ? { re: re.fill(NaN), im: im.fill(NaN) } : { re, im };
}

/** Sum of conj(one) * other over the pieces. */
export function product(one: Pieces, other: Pieces): Number2 {
  let re = 0;
  let im = 0;
  for (let i = 0; i < one.re.length; i++) {
    re += one.re[i]! * other.re[i]! + one.im[i]! * other.im[i]!;
    im += one.re[i]! * other.im[i]! - one.im[i]! * other.re[i]!;
  }
  return [re, im];
}

export const power = (pieces: Pieces): number => product(pieces, pieces)[0];

/** Python's max(a, b) keeps a NaN that comes second only if it is not smaller; these powers are compared alike. */
export const noLessThan = (value: number, least: number): number => (value < least ? least : value);

export const size = ([re, im]: Number2): number => Math.hypot(re, im);

export function coherence(pulse: Pieces, other: Pieces): number {
  return size(product(pulse, other)) ** 2 / noLessThan(power(pulse) * power(other), 1e-30);
}

export function agreement(one: Pieces, other: Pieces): number {
  return product(one, other)[0] / noLessThan((power(one) * power(other)) ** 0.5, 1e-30);
}

export function steadiness(pulse: Pieces, rateHz: number, stepSeconds: number): number {
  const count = pulse.re.length;
  if (count < 2) return NaN;
  const angle = -2 * Math.PI * rateHz * stepSeconds;
  let turned = 0;
  let all = 0;
  for (let i = 1; i < count; i++) {
    const re = pulse.re[i]! * pulse.re[i - 1]! + pulse.im[i]! * pulse.im[i - 1]!;
    const im = pulse.im[i]! * pulse.re[i - 1]! - pulse.re[i]! * pulse.im[i - 1]!;
    turned += re * Math.cos(angle) - im * Math.sin(angle);
    all += Math.hypot(pulse.re[i]!, pulse.im[i]!) * Math.hypot(pulse.re[i - 1]!, pulse.im[i - 1]!);
  }
  return turned / noLessThan(all, 1e-30);
}

export function logit(share: number): number {
  const clipped = Math.min(Math.max(share, 1e-3), 1 - 1e-3);
  return Math.log(clipped / (1 - clipped));
}

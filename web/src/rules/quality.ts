/** How far a rate can be trusted, from its spectrum; as `signals/quality.py`. */

import { clamp } from "./numbers.ts";
import rules from "./rules.json";

/** The share of the power that the largest peak of noise reaches by chance, in one of twenty. */
export function chanceShare(independent: number): number {
  const fisher = (rules.spread * (Math.log(independent) + 3)) / independent;
  return Math.min(fisher, rules.few / Math.sqrt(independent), 0.9);
}

/** A spectrum, a rate that was found in it, and how far around a frequency its power spreads. */
export interface Peak {
  readonly frequencies: Float64Array;
  readonly power: Float64Array;
  readonly rateHz: number;
  readonly lobeHz: number;
  readonly noiseSlope: number;
}

export function spectralQuality(peak: Peak, usableSeconds: number): number {
  const { frequencies, rateHz } = peak;
  const last = frequencies[frequencies.length - 1]!;
  if (!(rateHz > frequencies[0]! && rateHz < last)) return 0;
  const above = Math.min(...spectralShares(peak));
  const independent = Math.max((last - frequencies[0]!) * usableSeconds, 1);
  return clamp(excess(above, chanceShare(independent)), 0, 1);
}

/** The shares of the power near a rate and its overtones, in the spectrum and in one in which red noise is flat. */
export function spectralShares({ frequencies, power, rateHz, lobeHz, noiseSlope }: Peak): [number, number] {
  let near = 0;
  const flat = { all: 0, near: 0 };
  const tilted = { all: 0, near: 0 };
  for (let f = 0; f < frequencies.length; f++) {
    const frequency = frequencies[f]!;
    const there = rules.harmonics.some((harmonic) => Math.abs(frequency - harmonic * rateHz) <= lobeHz);
    const value = power[f]!;
    const risen = value * frequency ** noiseSlope;
    flat.all += value;
    tilted.all += risen;
    if (there) {
      near++;
      flat.near += value;
      tilted.near += risen;
    }
  }
  const expected = near / frequencies.length;
  const share = (sums: { all: number; near: number }) => excess(sums.near / (sums.all > 0 ? sums.all : 1), expected);
  return [share(flat), share(tilted)];
}

/** Rescale a share so that the expected one is 0 and all is 1. */
function excess(share: number, expected: number): number {
  return (share - expected) / Math.max(1 - expected, 1e-9);
}

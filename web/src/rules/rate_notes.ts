/** Why a rate is not measured, in the words of `signals/rate_notes.py`. */

import { general } from "./number_text.ts";
import { roundEven } from "./numbers.ts";
import { type Quantity, type RateSettings, cycleSeconds } from "./settings.ts";

export const NAMES: Readonly<Record<Quantity, string>> = { heart: "heart rate", breathing: "breathing" };
const WAVES: Readonly<Record<Quantity, string>> = { heart: "pulse", breathing: "breathing" };

function shortOf(seconds: number, needed: number): string {
  const short = seconds.toFixed(1);
  return Number(short) < needed ? short : (Math.floor(100 * seconds) / 100).toFixed(2);
}

export function nothingSteady(quantity: Quantity): string {
  return `no steady ${WAVES[quantity]} stands out from the noise`;
}

export function readingsDisagree(networkHz: number, shouldersHz: number): string {
  return `the network and the shoulders disagree: ${roundEven(60 * networkHz)} and ${roundEven(60 * shouldersHz)} breaths/min`;
}

export function stillShoulders(): string {
  return "the shoulders hardly move at the rate that the network reads";
}

export function movedAsAWhole(rateHz: number): string {
  return `the whole picture moves ${roundEven(60 * rateHz)} times a minute, not the shoulders alone`;
}

export function shouldersUnseen(): string {
  return "the shoulders are in the picture too briefly to confirm the breathing";
}

export function tooFewFrames(fs: number, quantity: Quantity, needed: number): string {
  return `${general(fs, 4)} frames per second are too few; ${NAMES[quantity]} needs more than ${general(needed, 6)}`;
}

export function tooSlow(rateHz: number, quantity: Quantity, settings: RateSettings): string {
  const [slowest, fastest] = settings.band_hz.map((edge) => general(60 * edge, 3));
  return (
    `the strongest rhythm, near ${Math.round(60 * rateHz)} per minute, is below the range of the ${NAMES[quantity]}, ` +
    `${slowest} to ${fastest}`
  );
}

/** Why a waveform, of which some seconds were seen, can have no rate; null if it can. */
export function whyNone(waveform: Float64Array, seen: number, fs: number, quantity: Quantity, settings: RateSettings): string | null {
  const needed = 2 * settings.band_hz[1];
  if (fs <= needed) return tooFewFrames(fs, quantity, needed);
  const shortest = Math.max(settings.minimum_s, cycleSeconds(settings));
  const needs = `${NAMES[quantity]} needs ${general(shortest, 2)} s`;
  if (seen < shortest) return `${shortOf(seen, shortest)} s of usable signal; ${needs}`;
  const usable = waveform.filter(Number.isFinite);
  const usableSeconds = usable.length / fs;
  if (usableSeconds < settings.minimum_s || usableSeconds === 0) {
    return `the usable signal is in pieces; ${needs} in pieces of ${general(cycleSeconds(settings), 2)} s or more`;
  }
  return usable.some((value) => value !== 0) ? null : "the signal is flat";
}

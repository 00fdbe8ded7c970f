/** How probable it is that a heart rate is right; the evidence and the model of `signals/confidence.py`. */

import type { Candidate, Judge, Verdict } from "./judging.ts";
import { clamp, interpolate, mean, roundEven } from "./numbers.ts";
import { chanceShare, spectralShares } from "./quality.ts";
import { LIGHT } from "./readings.ts";
import rules from "./rules.json";

const { blood, grey: greyRatio, greyness, most, piece_s: pieceSeconds, piece_step_s: pieceStep } = rules.confidence;
const CELLS = LIGHT.flatMap((name, i) => (name.startsWith("cell") ? [i] : []));
const CORNERS = LIGHT.flatMap((name, i) => (name.startsWith("corner") ? [i] : []));

/** A logistic model of the probability that a heart rate is right, as bundle.json has it. */
export interface Confidence {
  readonly evidence: readonly string[];
  readonly centre: readonly number[];
  readonly scale: readonly number[];
  readonly weight: readonly number[];
  readonly bias: number;
  readonly widths: readonly (readonly [number, number])[];
}

/** Judges a heart rate: columns whole, left, right, other and the light, and the model that weighs them. */
export class PulseJudge implements Judge {
  /** Always: evidence that is missing counts as usual. */
  readonly canJudge = true;

  constructor(
    private readonly readings: readonly Float64Array[],
    private readonly model: Confidence,
  ) {}

  /** The probability as the quality. */
  verdict(candidate: Candidate): Verdict {
    return { quality: probability(this.model, evidenceOf(candidate, this.readings)), note: null };
  }

  /** What is more probably right than wrong. */
  floor(): number {
    return rules.confidence.given_from;
  }

  width(quality: number): number {
    return intervalWidth(this.model, quality);
  }

  part(start: number, stop: number): PulseJudge {
    return new PulseJudge(
      this.readings.map((column) => column.slice(start, stop)),
      this.model,
    );
  }
}

export function probability(model: Confidence, evidence: readonly number[]): number {
  let score = model.bias;
  evidence.forEach((value, i) => {
    const usual = Number.isFinite(value) ? (value - model.centre[i]!) / model.scale[i]! : 0;
    score += clamp(usual, -4, 4) * model.weight[i]!;
  });
  return 1 / (1 + Math.exp(-clamp(score, -most, most)));
}

/** How far from the estimate an 80 % interval reaches, in beats/min. */
export function intervalWidth(model: Confidence, probable: number): number {
  return interpolate(
    probable,
    model.widths.map(([known]) => known),
    model.widths.map(([, width]) => width),
  );
}

/** Amplitude and phase in pieces: real and imaginary parts. */
interface Pieces {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** The evidence for and against a rate, in the order of the model; NaN where something cannot be known. */
export function evidenceOf({ difference, fs, peak }: Omit<Candidate, "settings" | "cuts">, readings: readonly Float64Array[]): number[] {
  const usable = difference.filter(Number.isFinite);
  const usableSeconds = usable.length / fs;
  const [flat, tilted] = spectralShares(peak);
  const band = peak.frequencies[peak.frequencies.length - 1]! - peak.frequencies[0]!;
  const found = [difference, ...readings].map((column) =>
    amplitudes(
      column.map((value, i) => (Number.isFinite(difference[i]) ? value : NaN)),
      fs,
      peak.rateHz,
    ),
  );
  const [pulse, whole, left, right, other] = found as [Pieces, Pieces, Pieces, Pieces, Pieces];
  const light = found.slice(5);
  const [rim, red, green] = light as [Pieces, Pieces, Pieces];
  const cells = CELLS.map((i) => light[i]!);
  const corners = CORNERS.map((i) => light[i]!);
  const cellGains = cells.map((one) => gain(pulse, one));
  const cornerGains = corners.map((one) => gain(pulse, one));
  const allGains = [...cellGains, ...cornerGains];
  const grey = clamp(size(gain(pulse, red)) / Math.max(size(gain(pulse, green)), 1e-12), blood, greyRatio) ** greyness;
  const values: Record<string, number> = {
    share: logit(flat),
    tilted_share: logit(tilted),
    share_by_chance: logit(chanceShare(Math.max(band * usableSeconds, 1))),
    steadiness: steadiness(pulse, peak.rateHz),
    halves: agreement(left, right),
    other: logit(coherence(whole, other)),
    green: logit(coherence(pulse, green)),
    alike: size(sum(cellGains)) / Math.max(total(cellGains.map(size)), 1e-12),
    grey,
    rim: clearness([coherence(pulse, rim)]) * grey,
    cells: clearness(cells.map((one) => coherence(pulse, one))) * grey,
    corners: clearness(corners.map((one) => coherence(pulse, one))),
    corner_gain: Math.log((meanSize(cornerGains) + 1e-6) / (meanSize(cellGains) + 1e-6)),
    uniform: meanSize(allGains) ** 2 / Math.max(mean(allGains.map((one) => size(one) ** 2)), 1e-12),
    strength: usableSeconds ? Math.log(Math.sqrt(mean(usable.map((value) => value * value))) + 1e-6) : NaN,
    length: Math.log(Math.max(usableSeconds, 1)),
  };
  return rules.confidence.evidence.map((name) => values[name]!);
}

type Number2 = readonly [number, number];

const size = ([re, im]: Number2): number => Math.hypot(re, im);
const total = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
const sum = (values: readonly Number2[]): Number2 => [total(values.map(([re]) => re)), total(values.map(([, im]) => im))];
const meanSize = (values: readonly Number2[]): number => size(sum(values)) / values.length;

function amplitudes(column: Float64Array, fs: number, rateHz: number): Pieces {
  const length = Math.min(Math.max(roundEven(pieceSeconds * fs), 2), column.length);
  const step = Math.max(roundEven(pieceStep * fs), 1);
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
function product(one: Pieces, other: Pieces): Number2 {
  let re = 0;
  let im = 0;
  for (let i = 0; i < one.re.length; i++) {
    re += one.re[i]! * other.re[i]! + one.im[i]! * other.im[i]!;
    im += one.re[i]! * other.im[i]! - one.im[i]! * other.re[i]!;
  }
  return [re, im];
}

const power = (pieces: Pieces): number => product(pieces, pieces)[0];

/** Python's max(a, b) keeps a NaN that comes second only if it is not smaller; these powers are compared alike. */
const noLessThan = (value: number, least: number): number => (value < least ? least : value);

function gain(pulse: Pieces, other: Pieces): Number2 {
  const [re, im] = product(pulse, other);
  const all = noLessThan(power(pulse), 1e-30);
  return [re / all, im / all];
}

function coherence(pulse: Pieces, other: Pieces): number {
  return size(product(pulse, other)) ** 2 / noLessThan(power(pulse) * power(other), 1e-30);
}

function clearness(coherences: readonly number[]): number {
  return -Math.log(1.02 - mean(coherences));
}

function agreement(one: Pieces, other: Pieces): number {
  return product(one, other)[0] / noLessThan((power(one) * power(other)) ** 0.5, 1e-30);
}

function steadiness(pulse: Pieces, rateHz: number): number {
  const count = pulse.re.length;
  if (count < 2) return NaN;
  const angle = -2 * Math.PI * rateHz * pieceStep;
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

function logit(share: number): number {
  const clipped = Math.min(Math.max(share, 1e-3), 1 - 1e-3);
  return Math.log(clipped / (1 - clipped));
}

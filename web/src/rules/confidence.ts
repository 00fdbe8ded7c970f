/** How probable it is that a heart rate is right; the evidence and the model of `signals/confidence.py`. */

import type { Candidate, Judge, Verdict } from "./judging.ts";
import { type LogisticModel, intervalWidth, probability } from "./logistic.ts";
import { clamp, mean } from "./numbers.ts";
import { type Number2, type Pieces, agreement, amplitudes, coherence, logit, noLessThan, power, product, size, steadiness } from "./pieces.ts";
import { chanceShare, spectralShares } from "./quality.ts";
import { LIGHT } from "./readings.ts";
import rules from "./rules.json";

const { blood, grey: greyRatio, greyness, piece_s: pieceSeconds, piece_step_s: pieceStep } = rules.confidence;
const CELLS = LIGHT.flatMap((name, i) => (name.startsWith("cell") ? [i] : []));
const CORNERS = LIGHT.flatMap((name, i) => (name.startsWith("corner") ? [i] : []));

/** Judges a heart rate: columns whole, left, right, other and the light, and the model that weighs them. */
export class PulseJudge implements Judge {
  /** Always: evidence that is missing counts as usual. */
  readonly canJudge = true;

  constructor(
    private readonly readings: readonly Float64Array[],
    private readonly model: LogisticModel,
  ) {}

  /** The probability as the quality. */
  verdict(candidate: Candidate): Verdict {
    return { quality: probability(this.model, evidenceOf(candidate, this.readings)), note: null };
  }

  /** What is more probably right than wrong. */
  floor(): number {
    return rules.confidence.given_from.heart;
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
      pieceSeconds,
      pieceStep,
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
  const cornerShare = (meanSize(cornerGains) + 1e-6) / (meanSize(cellGains) + 1e-6);
  const uniform = meanSize(allGains) ** 2 / Math.max(mean(allGains.map((one) => size(one) ** 2)), 1e-12);
  const values: Record<string, number> = {
    share: logit(flat),
    tilted_share: logit(tilted),
    share_by_chance: logit(chanceShare(Math.max(band * usableSeconds, 1))),
    steadiness: steadiness(pulse, peak.rateHz, pieceStep),
    halves: agreement(left, right),
    other: logit(coherence(whole, other)),
    green: logit(coherence(pulse, green)),
    alike: size(sum(cellGains)) / Math.max(total(cellGains.map(size)), 1e-12),
    grey,
    rim: clearness([coherence(pulse, rim)]) * grey,
    cells: clearness(cells.map((one) => coherence(pulse, one))) * grey,
    corners: clearness(corners.map((one) => coherence(pulse, one))),
    corner_gain: Math.log(cornerShare),
    uniform,
    lamp: uniform * Math.min(cornerShare, 1),
    strength: usableSeconds ? Math.log(Math.sqrt(mean(usable.map((value) => value * value))) + 1e-6) : NaN,
    length: Math.log(Math.max(usableSeconds, 1)),
  };
  return rules.confidence.evidence.map((name) => values[name]!);
}

const total = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
const sum = (values: readonly Number2[]): Number2 => [total(values.map(([re]) => re)), total(values.map(([, im]) => im))];
const meanSize = (values: readonly Number2[]): number => size(sum(values)) / values.length;

function gain(pulse: Pieces, other: Pieces): Number2 {
  const [re, im] = product(pulse, other);
  const all = noLessThan(power(pulse), 1e-30);
  return [re / all, im / all];
}

function clearness(coherences: readonly number[]): number {
  return -Math.log(1.02 - mean(coherences));
}

/** A logistic model of the probability that a rate is right; as `signals/logistic.py`. */

import { clamp, interpolate } from "./numbers.ts";
import rules from "./rules.json";

const { far, most } = rules.logistic;

/** As bundle.json has it. */
export interface LogisticModel {
  readonly evidence: readonly string[];
  readonly centre: readonly number[];
  readonly scale: readonly number[];
  readonly weight: readonly number[];
  readonly bias: number;
  readonly widths: readonly (readonly [number, number])[];
}

/** The probability for evidence; what is NaN counts as usual. */
export function probability(model: LogisticModel, evidence: readonly number[]): number {
  let score = model.bias;
  evidence.forEach((value, i) => {
    const usual = Number.isFinite(value) ? (value - model.centre[i]!) / model.scale[i]! : 0;
    score += clamp(usual, -far, far) * model.weight[i]!;
  });
  return 1 / (1 + Math.exp(-clamp(score, -most, most)));
}

/** How far from the estimate an 80 % interval reaches, per minute. */
export function intervalWidth(model: LogisticModel, probable: number): number {
  return interpolate(
    probable,
    model.widths.map(([known]) => known),
    model.widths.map(([, width]) => width),
  );
}

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
  /** None in a linear model, which may leave them out. */
  readonly products?: readonly number[];
  readonly bias: number;
  readonly widths: readonly (readonly [number, number])[];
}

/** The probability for evidence; what is NaN counts as usual. */
export function probability(model: LogisticModel, evidence: readonly number[]): number {
  const usual = evidence.map((value, i) => (Number.isFinite(value) ? clamp((value - model.centre[i]!) / model.scale[i]!, -far, far) : 0));
  const products = model.products ?? [];
  let score = model.bias;
  let pair = 0;
  usual.forEach((distance, i) => {
    score += distance * model.weight[i]!;
    if (!products.length) return;
    for (const other of usual.slice(i)) score += distance * other * products[pair++]!;
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

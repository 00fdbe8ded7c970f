/** How waveforms become rates: the default settings of `signals/settings.py`. */

import rules from "./rules.json";

export type Quantity = "heart" | "breathing";

export interface RateSettings {
  readonly band_hz: readonly [number, number];
  readonly order: number;
  readonly window_s: number;
  readonly minimum_s: number;
  readonly noise_slope: number;
  readonly quality_floor: number;
  readonly overtones: boolean;
  readonly comb: boolean;
}

export const SETTINGS = rules.settings as unknown as Readonly<Record<Quantity, RateSettings>>;
export const UNITS: Readonly<Record<Quantity, string>> = rules.units_of_rates;
/** The tasks whose waveforms have these rates. */
export const TASKS: Readonly<Record<Quantity, string>> = rules.waveform_tasks;
export const STEP_S = rules.step_s;

/** Length of a cycle in the middle of the band; shorter stretches of signal are not used. */
export function cycleSeconds(settings: RateSettings): number {
  return (settings.band_hz[0] * settings.band_hz[1]) ** -0.5;
}

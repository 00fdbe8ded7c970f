/** Whether a rate is twice the real one: the overtone of a slow heart; as `signals/half_rate.py`. */

import { median } from "./numbers.ts";
import rules from "./rules.json";

export function isDoubled(frequencies: Float64Array, power: Float64Array, rateHz: number, lobeHz: number): boolean {
  const line = (share: number) => lineAt(frequencies, power, share * rateHz, lobeHz);
  const [beat, rate, third] = [line(0.5), line(1), line(1.5)];
  const { slowest_hz, beat: strong, faint_beat, third: thirdShare } = rules.half_rate;
  if (rateHz < 2 * slowest_hz || !(rate.power > 0) || !beat.standsOut) return false;
  if (beat.power >= strong * rate.power) return true;
  return beat.power >= faint_beat * rate.power && third.standsOut && third.power >= thirdShare * rate.power;
}

function lineAt(frequencies: Float64Array, power: Float64Array, atHz: number, lobeHz: number): { power: number; standsOut: boolean } {
  let most = 0;
  const around: number[] = [];
  for (let f = 0; f < frequencies.length; f++) {
    const distance = Math.abs(frequencies[f]! - atHz);
    if (distance <= lobeHz / 2) most = Math.max(most, power[f]!);
    if (distance > lobeHz && distance <= 3 * lobeHz) around.push(power[f]!);
  }
  return { power: most, standsOut: around.length > 0 && most >= rules.half_rate.line * median(around) };
}

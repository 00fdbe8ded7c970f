/** Whether the shoulders move as the network breathes; as `signals/shoulder_judge.py`. */

import type { Candidate, Judge, Verdict } from "./judging.ts";
import { clamp, median, roundEven } from "./numbers.ts";
import { spectralShares } from "./quality.ts";
import { movedAsAWhole, readingsDisagree, shouldersUnseen, stillShoulders } from "./rate_notes.ts";
import rules from "./rules.json";
import type { RateSettings } from "./settings.ts";
import { interpolatedPeak, pooledSpectrum } from "./spectra.ts";

const own = rules.shoulder_judge;

/** Shifts of the body under the chin and of the part above it, as `WideChanges` tells them, spread over the frames. */
export class ShoulderJudge implements Judge {
  constructor(private readonly shifts: readonly Float64Array[]) {}

  /** Whether the shoulders are in the picture, for half of the time or more in which the face is. */
  get canJudge(): boolean {
    const [body, above] = this.shifts.map((shift) => shift.filter(Number.isFinite).length) as [number, number];
    return body >= Math.max(own.seen * above, 1);
  }

  /** The network's spectral share as the quality if the shoulders agree, else 0 and why they do not. */
  verdict(candidate: Candidate): Verdict {
    const share = Math.min(...spectralShares(candidate.peak));
    if (share < own.least_share) return { quality: 0, note: null };
    const doubt = this.doubt(candidate);
    return { quality: doubt === null ? share : 0, note: doubt };
  }

  floor(settings: RateSettings): number {
    return settings.quality_floor;
  }

  width(): null {
    return null;
  }

  part(start: number, stop: number): ShoulderJudge {
    return new ShoulderJudge(this.shifts.map((shift) => shift.slice(start, stop)));
  }

  private doubt({ difference, fs, peak, settings, cuts }: Candidate): string | null {
    const together = Math.max(Math.trunc(fs / own.least_hz), 1);
    const columns = [difference, ...this.shifts];
    const seen = (_: number, t: number) => columns.every((column) => Number.isFinite(column[t]));
    const [body, above] = this.shifts.map((shift) =>
      slower(
        shift.map((value, t) => (seen(value, t) ? value : NaN)),
        together,
      ),
    ) as [Float64Array, Float64Array];
    const slowFs = fs / together;
    const pooled = pooledSpectrum(
      body,
      slowFs,
      settings,
      cuts.map((cut) => Math.floor(cut / together)),
    );
    if (!pooled) return shouldersUnseen();
    const { frequencies, power } = pooled;
    if (power.every((value) => value === 0)) return stillShoulders();
    let rateHz = interpolatedPeak(frequencies, power);
    if (Math.abs(60 * (rateHz - peak.rateHz)) > own.apart) {
      const near = power.filter((_, f) => Math.abs(60 * (frequencies[f]! - peak.rateHz)) <= own.apart);
      if (Math.max(...near) < own.least_power * power.reduce((most, one) => Math.max(most, one))) {
        return readingsDisagree(peak.rateHz, rateHz);
      }
      rateHz = peak.rateHz;
    }
    const move = swingOf(body, slowFs, rateHz, settings.window_s);
    if (move < own.least_move) return stillShoulders();
    const against = body.map((value, t) => value - above[t]!);
    return swingOf(against, slowFs, rateHz, settings.window_s) < own.least_own * move ? movedAsAWhole(rateHz) : null;
  }
}

/** A shift over so many frames at a time, around its usual value; what is too far from it is limited. */
function slower(shift: Float64Array, together: number): Float64Array {
  const slow = Float64Array.from({ length: Math.floor(shift.length / together) }, (_, i) => {
    let sum = 0;
    for (let t = i * together; t < (i + 1) * together; t++) sum += shift[t]!;
    return sum;
  });
  const known = slow.filter(Number.isFinite);
  if (!known.length) return slow;
  const usual = median(known);
  const far = own.far * Math.max(median(known.map((value) => Math.abs(value - usual))), own.rest);
  return slow.map((value) => clamp(value - usual, -far, far));
}

/** How far shoulders, whose shift this is, swing to either side at a rate: the mean of overlapping windows. */
function swingOf(shift: Float64Array, fs: number, rateHz: number, windowSeconds: number): number {
  const length = Math.min(roundEven(windowSeconds * fs), shift.length);
  const step = Math.max(Math.floor(length / 4), 1);
  let swings = 0;
  let weight = 0;
  for (let start = 0; start + length <= shift.length; start += step) {
    let re = 0;
    let im = 0;
    for (let t = 0; t < length; t++) {
      const moved = shift[start + t]!;
      if (!Number.isFinite(moved)) continue;
      const taper = Math.sin((Math.PI * (t + 0.5)) / length) ** 2;
      const angle = (2 * Math.PI * rateHz * t) / fs;
      weight += taper;
      re += moved * taper * Math.cos(angle);
      im += moved * taper * Math.sin(angle);
    }
    swings += Math.hypot(re, im);
  }
  // From the swing of the differences to that of their sum.
  return swings / Math.max(weight, 1e-9) / Math.sin((Math.PI * rateHz) / fs);
}

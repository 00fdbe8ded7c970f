/** What a rate can be judged by, beside the waveform that it was found in; as `signals/judging.py`. */

import type { Peak } from "./quality.ts";
import type { RateSettings } from "./settings.ts";

/** A rate, and the reading in which it was found. */
export interface Candidate {
  readonly difference: Float64Array;
  readonly fs: number;
  readonly peak: Peak;
  readonly settings: RateSettings;
  readonly cuts: readonly number[];
}

/** A judge's answer on a rate; the note says why the quality is low, if the judge knows. */
export interface Verdict {
  readonly quality: number;
  readonly note: string | null;
}

/** Other readings of the frames that a rate was estimated from, and a rule that weighs them. */
export interface Judge {
  /** Whether there is something to judge by; if not, a rate is treated as if there were no judge. */
  readonly canJudge: boolean;
  verdict(candidate: Candidate): Verdict;
  /** The quality under which a rate is withheld. */
  floor(settings: RateSettings): number;
  /** How far from the rate, per minute, an 80 % interval reaches; null if that is not known. */
  width(quality: number): number | null;
  /** The judge of some consecutive frames. */
  part(start: number, stop: number): Judge;
}

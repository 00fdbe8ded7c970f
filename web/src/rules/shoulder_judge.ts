/** Whether the shoulders move as the network breathes; as `signals/shoulder_judge.py`. */

import { type Rhythm, type Shoulders, breathEvidence, movesOf, rhythmOf, shouldersOf } from "./breath_evidence.ts";
import type { Candidate, Judge, Verdict } from "./judging.ts";
import { type LogisticModel, intervalWidth, probability } from "./logistic.ts";
import { spectralShares } from "./quality.ts";
import { movedAsAWhole, readingsDisagree, shouldersUnseen, stillShoulders } from "./rate_notes.ts";
import rules from "./rules.json";
import type { RateSettings } from "./settings.ts";

const own = rules.shoulder_judge;

/** Shifts of the body under the chin and of the part above it, as `WideChanges` tells them, spread over the frames. */
export class ShoulderJudge implements Judge {
  constructor(
    private readonly shifts: readonly Float64Array[],
    private readonly model: LogisticModel | null,
  ) {}

  /** Whether the shoulders are in the picture, for half of the time or more in which the face is. */
  get canJudge(): boolean {
    const [body, above] = this.shifts.map((shift) => shift.filter(Number.isFinite).length) as [number, number];
    return body >= Math.max(own.seen * above, 1);
  }

  /**
   * With a model, the quality is a probability; without, the network's spectral share if the shoulders agree, else 0.
   * Where the shoulders have a clear rhythm at another rate, it is 0 in any case.
   */
  verdict(candidate: Candidate): Verdict {
    const share = Math.min(...spectralShares(candidate.peak));
    if (!this.model && share < own.least_share) return { quality: 0, note: null };
    const shoulders = shouldersOf(candidate, this.shifts);
    const rhythm = rhythmOf(candidate, shoulders);
    const doubt = doubtOf(candidate, shoulders, rhythm);
    if (!this.model) return { quality: doubt === null ? share : 0, note: doubt };
    if (!rhythm?.rateHz || disagree(candidate, rhythm)) return { quality: 0, note: doubt };
    const quality = probability(this.model, breathEvidence(candidate, shoulders, rhythm));
    return { quality, note: share < own.least_share ? null : doubt };
  }

  /** The probability from which on a rate is given; without a model the settings' own. */
  floor(settings: RateSettings): number {
    return this.model ? rules.confidence.given_from.breathing : settings.quality_floor;
  }

  width(quality: number): number | null {
    return this.model && intervalWidth(this.model, quality);
  }

  part(start: number, stop: number): ShoulderJudge {
    return new ShoulderJudge(
      this.shifts.map((shift) => shift.slice(start, stop)),
      this.model,
    );
  }
}

/** Why the shoulders do not confirm a rate; null if they do. */
function doubtOf(candidate: Candidate, shoulders: Shoulders, rhythm: Rhythm | null): string | null {
  if (!rhythm) return shouldersUnseen();
  if (!rhythm.rateHz) return stillShoulders();
  const { peak, settings } = candidate;
  if (disagree(candidate, rhythm)) return readingsDisagree(peak.rateHz, rhythm.rateHz);
  const rateHz = apart(candidate, rhythm) ? peak.rateHz : rhythm.rateHz;
  const [move, alone] = movesOf(shoulders, rateHz, settings.window_s);
  if (move < own.least_move) return stillShoulders();
  return alone < own.least_own * move ? movedAsAWhole(rateHz) : null;
}

function apart({ peak }: Candidate, rhythm: Rhythm): boolean {
  return Math.abs(60 * (rhythm.rateHz - peak.rateHz)) > rules.breath_evidence.apart;
}

/** Whether the shoulders are elsewhere, and hardly at the candidate's rate. */
function disagree(candidate: Candidate, rhythm: Rhythm): boolean {
  return apart(candidate, rhythm) && rhythm.near < own.least_power;
}

/** Measuring whom a camera sees, frame by frame in constant memory; as `measuring/stream.py` and `frame_intake.py`. */

import { CutFinder } from "./cuts.ts";
import type { FaceDetector } from "./detector.ts";
import { MEMORY_S } from "./followed_face.ts";
import { meanImage } from "./grid.ts";
import type { Image, Square } from "./image.ts";
import { type Measurement, summarize } from "./measurement.ts";
import { firstAtLeast, median } from "./numbers.ts";
import { general } from "./number_text.ts";
import { changeNotes, othersNote } from "./people.ts";
import { type PeopleChoice, chosenPeople, cutsNotes, isPerson, isWanted } from "./people_choice.ts";
import { PeopleTracker, type SeenPerson } from "./people_tracker.ts";
import type { LoadedBundle } from "./pipeline.ts";
import { maxFs } from "./recording.ts";
import rules from "./rules.json";
import { StreamPerson, type Window } from "./stream_person.ts";

const own = rules.stream;

/** What is known of somebody who was seen, and the measurement of who is measured. */
class Sight {
  person: StreamPerson | null = null;
  shown = 0;
  detections = 0;
  last = -Infinity;
  number: number | null = null;

  see(seen: SeenPerson & { readonly doubts: number[] }, square: Square | null, seconds: number): void {
    this.detections = seen.detections;
    if (square) {
      this.shown++;
      this.last = seconds;
    }
    if (seen.doubts.splice(0).length && this.person) this.person.doubts.push(seconds);
  }
}

/** Where somebody is in a frame, and the number by which they are measured. */
export interface Sighted {
  readonly square: Square;
  readonly person: number | null;
}

export class Stream {
  private readonly fs: number;
  private readonly tracker: PeopleTracker;
  private cutFinder: CutFinder;
  private readonly sights = new Map<SeenPerson, Sight>();
  private numbered = 0;
  private times: number[] = [];
  private cuts: number[] = [];
  private takenFrames = 0;
  private origin: number | null = null;
  private pushed = -Infinity;
  private due = -Infinity;
  private taken = -Infinity;
  private waiting: { seconds: number; image: Image }[] = [];
  private size = "";
  private resized = false;
  frames = 0;
  late = 0;

  /** Results are kept for so many seconds. */
  constructor(
    private readonly bundle: LoadedBundle,
    detector: FaceDetector,
    private readonly choice: PeopleChoice,
    private readonly keepSeconds: number,
  ) {
    this.fs = bundle.fs;
    this.tracker = new PeopleTracker(bundle.fs, bundle.crop.factor, detector);
    this.cutFinder = new CutFinder(bundle.fs);
  }

  /** Add the next frame; one that is not newer than the frame before is counted as late and left out. */
  async push(image: Image, clockSeconds: number): Promise<Sighted[]> {
    this.origin ??= clockSeconds;
    const seconds = clockSeconds - this.origin;
    this.frames++;
    if (seconds <= this.pushed) {
      this.late++;
      return [];
    }
    this.pushed = seconds;
    const size = `${image.width} ${image.height}`;
    if (size !== this.size) {
      // At another resolution, the face is at another place.
      this.size = size;
      this.resized = true;
      this.waiting = [];
    }
    const limit = maxFs(this.bundle);
    let sighted: Sighted[] = [];
    if (this.waiting.length && seconds - this.waiting[0]!.seconds > 2 / limit) sighted = await this.takeWaiting();
    this.waiting.push({ seconds, image });
    if (seconds - this.due >= (1 - 1e-3) / limit) {
      this.due = seconds;
      sighted = await this.takeWaiting();
    }
    return sighted;
  }

  /** Process the waiting frames as one frame: their mean picture, at their mean time. */
  private async takeWaiting(): Promise<Sighted[]> {
    const [first] = this.waiting as [{ seconds: number; image: Image }];
    const seconds = this.waiting.reduce((sum, frame) => sum + frame.seconds, 0) / this.waiting.length;
    const image = this.waiting.length === 1 ? first.image : meanImage(this.waiting.map((frame) => frame.image));
    const { resized } = this;
    const follows = first.seconds - this.taken <= own.hole_s && !resized;
    this.waiting = [];
    this.taken = seconds;
    this.resized = false;
    return this.take(image, seconds, follows, resized);
  }

  private async take(image: Image, seconds: number, follows: boolean, resized: boolean): Promise<Sighted[]> {
    // Nothing is known of what came between.
    if (!follows) this.cutFinder = new CutFinder(this.fs);
    const cut = this.cutFinder.add(image);
    if (cut) this.cuts.push(seconds);
    // At another resolution, the face is at another place.
    const squares = await this.tracker.locate(image, cut || resized);
    const sighted: Sighted[] = [];
    for (const [number, seen] of this.tracker.people.entries()) {
      const square = squares[number]!;
      const sight = this.sights.get(seen) ?? new Sight();
      this.sights.set(seen, sight);
      sight.see(seen, square, seconds);
      if (square && !sight.person && this.isWanted(square, squares)) {
        sight.person = new StreamPerson(this.bundle, this.times.at(-1) ?? null);
      }
      await sight.person?.add({ image, square, seconds, follows, cut }, seen.found);
      if (square && sight.person) sighted.push({ square, person: sight.number });
    }
    this.takenFrames++;
    this.times.push(seconds);
    this.forget(seconds - this.keepSeconds);
    return sighted;
  }

  private isWanted(square: Square, squares: readonly (Square | null)[]): boolean {
    const { people } = this.tracker;
    const rivals = squares.filter((other, i) => other !== null && this.sights.get(people[i]!)?.person) as Square[];
    return isWanted(square, rivals, this.choice);
  }

  /** Forget what is older than this, and who was not seen since. */
  private forget(seconds: number): void {
    const gone = new Set([...this.sights].filter(([, sight]) => sight.last < seconds).map(([seen]) => seen));
    this.tracker.forget(Math.ceil(MEMORY_S * this.fs), gone);
    for (const seen of gone) this.sights.delete(seen);
    for (const sight of this.sights.values()) sight.person?.dropBefore(seconds);
    const old = firstAtLeast(this.times, seconds);
    if (old) this.times.splice(0, old);
    this.cuts = this.cuts.filter((cut) => cut >= seconds);
  }

  /** The results for the last seconds, the largest first; rates have no value while the stream warms up. */
  async measurements(source: string, lastSeconds = Infinity): Promise<Measurement[]> {
    const window = this.window(lastSeconds);
    const longer = this.window(Math.max(lastSeconds, own.neutral_s));
    const sights = [...this.sights.values()].filter((sight) => window.grid.length && sight.last >= window.grid[0]!);
    const seen = sights.filter((sight) => this.counts(sight)).length;
    const members = sights.flatMap((sight) => (sight.person ? [{ sight, squares: sight.person.squares(window.grid) }] : []));
    const sizes = new Map(members.map((member) => [member, member.squares.reduce((sum, square) => sum + (square ? square.size : 0), 0)]));
    const chosen = chosenPeople(members, (member) => sizes.get(member)!, (member) => this.counts(member.sight), this.choice);
    if (!chosen.length) return [await this.measured(source, new StreamPerson(this.bundle, null), null, window, longer, 0)];
    const found: Measurement[] = [];
    for (const { sight } of chosen) {
      if (this.choice === "all") sight.number ??= ++this.numbered;
      found.push(await this.measured(source, sight.person!, sight.number, window, longer, seen));
    }
    return found;
  }

  private async measured(source: string, one: StreamPerson, person: number | null, window: Window, longer: Window, seen: number): Promise<Measurement> {
    const { fs, grid: seconds, cuts } = window;
    const squares = one.squares(seconds);
    const found = squares.map((square) => square !== null);
    const frames = { source, fs, seconds, found, squares, notes: this.notes(window, one, seen), cuts };
    return { ...summarize(frames, await one.signals(window, longer), this.bundle), person };
  }

  private counts({ shown, detections }: Sight): boolean {
    return isPerson(shown, this.takenFrames, this.fs, detections, this.tracker.seen.needed);
  }

  /** The last seconds on the even grid, which starts at the first frame of the stream. */
  private window(lastSeconds: number): Window {
    const { times, fs } = this;
    if (!times.length) return { grid: new Float64Array(0), fs, pace: null, cuts: [] };
    const end = times.at(-1)!;
    const start = Math.max(times[0]!, end - lastSeconds);
    const first = Math.ceil(start * fs - 1e-6);
    const last = Math.floor(end * fs + 1e-6);
    const grid = Float64Array.from({ length: Math.max(last - first + 1, 0) }, (_, i) => (first + i) / fs);
    const cuts = [...new Set(this.cuts.map((cut) => firstAtLeast(grid, cut - 1e-6)))].filter((cut) => cut > 0 && cut < grid.length);
    const since = grid.length ? times.slice(Math.max(firstAtLeast(times, grid[0]!) - 1, 0)) : [];
    const pace = since.length > 1 ? 1 / median(since.slice(1).map((time, i) => time - since[i]!)) : null;
    return { grid, fs, pace, cuts };
  }

  private notes({ pace, grid, cuts }: Window, one: StreamPerson, seen: number): string[] {
    const notes: string[] = [];
    if (this.late) notes.push(`${this.late} of ${this.frames} frames were not newer than the frame before and were left out`);
    if (pace !== null && Math.abs(pace / this.fs - 1) > own.other_pace) {
      notes.push(`frames came at ${general(pace, 3)}/s and were interpolated to ${general(this.fs, 3)}/s`);
    }
    if (this.choice === "largest" && seen > 1) notes.push(othersNote(seen));
    return [...notes, ...changeNotes(one.doubts), ...cutsNotes(cuts.map((cut) => grid[cut]!))];
  }
}

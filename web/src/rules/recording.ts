/** Measuring everyone in a whole recording, as `physiocam measure` does; as `measuring/measure.py` and `people.py`. */

import { CutFinder } from "./cuts.ts";
import type { FaceDetector } from "./detector.ts";
import { type EvenGrid, type Still, averaged, gridFrames, onGrid } from "./grid.ts";
import type { Image, Square } from "./image.ts";
import { type Measurement, summarize } from "./measurement.ts";
import { changeNotes, othersNote } from "./people.ts";
import { type PeopleChoice, chosenPeople, cutsNotes, isPerson, isWanted } from "./people_choice.ts";
import { PeopleTracker, type SeenPerson } from "./people_tracker.ts";
import { PersonWork } from "./person_work.ts";
import type { LoadedBundle } from "./pipeline.ts";
import rules from "./rules.json";

/** A recording: its grid, its frames on it once, and what is odd about it. */
export interface Recording {
  readonly source: string;
  readonly grid: EvenGrid;
  readonly stills: AsyncIterable<Still>;
  readonly notes: string[];
}

/** The latest frame, its number, and the squares of everyone in it. */
export interface ShownFrame {
  readonly image: Image;
  readonly index: number;
  readonly squares: readonly Square[];
}

/** Called as the work goes on, with the latest frame while frames are read. */
export type Progress = (done: number, all: number, frame: ShownFrame | null) => void;

export function maxFs(bundle: { readonly fs: number }): number {
  return rules.max_fs_ratio * bundle.fs;
}

/** One person who is measured. */
class Member {
  /** `absent` is the number of frames in which the person may have been seen, but was not measured. */
  constructor(
    readonly seen: SeenPerson,
    readonly work: PersonWork,
    private readonly absent: number,
  ) {}

  /** Which of these frames show the person and were measured. */
  found(start: number, stop?: number): boolean[] {
    return this.seen.found.slice(start, stop).map((there, t) => there && start + t >= this.absent);
  }

  squares(): (Square | null)[] {
    return this.found(0).map((there, t) => (there ? this.seen.squares[t]! : null));
  }

  /** How large, and how long, the person is seen. */
  get size(): number {
    return this.squares().reduce((sum, square) => sum + (square ? square.size : 0), 0);
  }
}

/** Those who are measured, the largest first; without anybody, one measurement that says so. */
export async function measureRecording(
  recording: Recording,
  bundle: LoadedBundle,
  detector: FaceDetector,
  choice: PeopleChoice,
  progress: Progress = () => undefined,
): Promise<Measurement[]> {
  const people = new People(recording, bundle, detector, choice, progress);
  const found = await people.run();
  return choice === "largest" ? found : found.map((one, i) => ({ ...one, person: i + 1 }));
}

class People {
  private readonly fs: number;
  private readonly frames: number;
  private readonly tracker: PeopleTracker;
  private readonly members = new Map<SeenPerson, Member>();
  /** Lengths of the scenes before this one, its first frame, and the cuts between them. */
  private readonly scenes: number[] = [];
  private sceneStart = 0;
  private readonly cuts: number[] = [];
  private read = 0;
  private halves = 0;

  constructor(
    private readonly recording: Recording,
    private readonly bundle: LoadedBundle,
    detector: FaceDetector,
    private readonly choice: PeopleChoice,
    private readonly progress: Progress,
  ) {
    this.fs = recording.grid.fs;
    this.frames = gridFrames(recording.grid);
    this.tracker = new PeopleTracker(this.fs, bundle.crop.factor, detector);
  }

  async run(): Promise<Measurement[]> {
    const { stills, grid } = this.recording;
    const finder = new CutFinder(this.fs);
    for await (const image of onGrid(averaged(stills, grid.together), this.fs)) {
      const index = this.read++;
      const cut = finder.add(image);
      const squares = await this.tracker.locate(image, cut);
      this.advance(1, image && { image, index, squares: squares.filter((square) => square !== null) });
      if (cut) {
        this.cuts.push(index);
        await this.endScene(index);
      }
      await this.addFrame(image, squares, index);
    }
    const chosen = this.chosen();
    const members = chosen.length ? chosen : [await this.nobody()];
    await this.endScene(this.read);
    this.advance(Math.max(2 * this.read - this.halves, 0));
    return members.map((member) => this.measurement(member));
  }

  private async addFrame(image: Image | null, squares: readonly (Square | null)[], index: number): Promise<void> {
    const { people } = this.tracker;
    for (const [number, square] of squares.entries()) {
      const seen = people[number]!;
      if (square && !this.members.has(seen)) {
        const rivals = squares.filter((other, i) => other !== null && this.members.has(people[i]!)) as Square[];
        if (isWanted(square, rivals, this.choice)) this.members.set(seen, await this.joining(seen, index));
      }
      await this.members.get(seen)?.work.add(image, square);
    }
  }

  /** Count frames that went through one of two halves: being read, and being worked on. */
  private advance(frames: number, frame: ShownFrame | null = null): void {
    this.halves += frames;
    this.progress(Math.min(Math.floor(this.halves / 2 + 1e-6), this.frames), this.frames, frame);
  }

  private async joining(seen: SeenPerson, index: number): Promise<Member> {
    const work = new PersonWork(this.bundle, this.fs, this.frames, (frames) => this.advance(frames / Math.max(this.members.size, 1)));
    const pass = async (frames: number) => {
      for (let t = 0; t < frames; t++) await work.add(null, null);
    };
    for (const length of this.scenes) {
      await pass(length);
      await work.endScene(new Array<boolean>(length).fill(false));
    }
    await pass(index - this.sceneStart);
    return new Member(seen, work, index);
  }

  private async nobody(): Promise<Member> {
    const [found, squares] = [new Array<boolean>(this.read).fill(false), new Array<null>(this.read).fill(null)];
    const seen = { found, squares, detections: 0, doubts: [] };
    const member = await this.joining(seen, this.read);
    this.members.set(seen, member);
    return member;
  }

  private async endScene(index: number): Promise<void> {
    for (const member of this.members.values()) await member.work.endScene(member.found(this.sceneStart, index));
    this.scenes.push(index - this.sceneStart);
    this.sceneStart = index;
  }

  private chosen(): Member[] {
    return chosenPeople([...this.members.values()], (member) => member.size, (member) => this.counts(member.seen), this.choice);
  }

  private counts({ found, detections }: SeenPerson): boolean {
    return isPerson(found.filter(Boolean).length, found.length, this.fs, detections, this.tracker.seen.needed);
  }

  private measurement(member: Member): Measurement {
    const { recording, fs, cuts, bundle } = this;
    const seen = this.tracker.people.filter((person) => this.counts(person)).length;
    const found = member.found(0);
    const notes = [
      ...recording.notes,
      ...recording.grid.notes,
      ...(this.choice === "largest" && seen > 1 ? [othersNote(seen)] : []),
      ...changeNotes(member.seen.doubts.map((frame) => frame / fs)),
      ...cutsNotes(cuts.map((cut) => cut / fs)),
    ];
    const seconds = Float64Array.from(found, (_, t) => t / fs);
    const frames = { source: recording.source, fs, seconds, found, squares: member.squares(), notes, cuts };
    return summarize(frames, member.work.signals(found, cuts), bundle);
  }
}

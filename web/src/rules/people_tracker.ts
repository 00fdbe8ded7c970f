/** Everyone in the picture, each face followed under the same identity; as `video/people_tracker.py`. */

import { type Look, difference, lookOf } from "./appearance.ts";
import { type FaceBox, type FaceDetector, MIN_SCORE, coveredBy, overlap } from "./detector.ts";
import { FollowedFace, Thumbnail, apart, sameFace } from "./followed_face.ts";
import type { Image, Square } from "./image.ts";
import { roundEven } from "./numbers.ts";
import { FacesSeen } from "./people.ts";
import rules from "./rules.json";

const own = rules.people_tracker;
const { hold_s: HOLD_S, search_s: SEARCH_S, held_score: HELD_SCORE, held_overlap: HELD_OVERLAP, own_head: OWN_HEAD } = rules.tracker;

/** One person in a recording. */
export interface SeenPerson {
  /** Whether there is a face, one a frame; entries of the last `MEMORY_S` may still turn false. */
  readonly found: readonly boolean[];
  readonly squares: readonly (Square | null)[];
  /** In how many frames the face was detected. */
  readonly detections: number;
  /** Frames from which it may be another person. */
  readonly doubts: readonly number[];
}

class Person implements SeenPerson {
  readonly found: boolean[];
  readonly squares: (Square | null)[];
  readonly doubts: number[] = [];
  detections = 0;
  box: FaceBox = { x: 0, y: 0, width: 1, height: 1, score: 0 };
  expected: FaceBox = this.box;
  present = false;
  missed = false;
  lastSeen = 0;
  scene = 0;
  readonly face: FollowedFace;

  constructor(
    frames: number,
    cropFactor: number,
    readonly look: Look,
  ) {
    this.found = new Array<boolean>(frames).fill(false);
    this.squares = new Array<Square | null>(frames).fill(null);
    this.face = new FollowedFace(cropFactor);
  }

  /** How well a box lies where this face was, or where it is expected. */
  overlap(box: FaceBox): number {
    return Math.max(overlap(this.box, box), overlap(this.expected, box));
  }

  /** Take in a detection; return whether the square has not moved. */
  see(box: FaceBox, index: number, image: Image): boolean {
    const [right, down] = [box.x - this.box.x, box.y - this.box.y];
    const moved = this.present && Math.max(Math.abs(right), Math.abs(down)) > own.still * box.height;
    this.expected = moved ? { ...box, x: box.x + right, y: box.y + down } : box;
    this.box = box;
    this.lastSeen = index;
    this.present = true;
    this.missed = false;
    this.detections++;
    return this.face.follow(box, image);
  }

  /** Note that the face is lost, and was not there in the last frames. */
  leave(gone: number): void {
    this.found.fill(false, Math.max(this.found.length - gone, 0));
    this.present = this.missed = false;
    this.face.forget();
  }

  forget(frames: number): void {
    this.found.splice(0, Math.max(this.found.length - frames, 0));
    this.squares.splice(0, Math.max(this.squares.length - frames, 0));
  }
}

/** Follows every face with a detection about once a second, and holds the squares still in between. */
export class PeopleTracker {
  /** In the order in which they appeared. */
  people: Person[] = [];
  readonly seen = new FacesSeen();
  private readonly shortly: number;
  private readonly hold: number;
  private readonly search: number;
  private frames = 0;
  private nextLook = 0;
  private scene = 0;
  /** Frames before this one that are not forgotten. */
  private kept = 0;
  /** Frames since the last detection, about five a second, to find out later when a face was lost. */
  private recent: { readonly index: number; readonly thumbnail: Thumbnail }[] = [];

  constructor(
    fs: number,
    private readonly cropFactor: number,
    private readonly detector: FaceDetector,
  ) {
    this.shortly = own.shortly_s * fs;
    this.hold = Math.max(roundEven(HOLD_S * fs), 1);
    this.search = Math.max(roundEven(SEARCH_S * fs), 1);
  }

  /** The square of each person so far, null where the face is not seen. */
  async locate(image: Image | null, cut: boolean): Promise<(Square | null)[]> {
    const index = this.frames++;
    if (cut) await this.endScene();
    if (image && index >= this.nextLook) {
      const steady = await this.detect(index, image);
      this.nextLook = index + (steady ? this.hold : this.search);
    } else if (image && index % this.search === 0 && this.allWell()) {
      this.recent.push({ index, thumbnail: new Thumbnail(image) });
    }
    this.kept++;
    return this.people.map((person) => {
      const square = person.present && image ? person.face.square : null;
      person.squares.push(square);
      person.found.push(square !== null);
      return square;
    });
  }

  /** Forget what is older than so many frames, and people who have gone. */
  forget(frames: number, gone: ReadonlySet<SeenPerson>): void {
    this.people = this.people.filter((person) => !gone.has(person));
    for (const person of this.people) person.forget(frames);
    this.kept = Math.min(this.kept, frames);
  }

  private get present(): Person[] {
    return this.people.filter((person) => person.present);
  }

  private allWell(): boolean {
    const { present } = this;
    return present.length > 0 && present.every((person) => !person.missed);
  }

  private async endScene(): Promise<void> {
    for (const person of this.present) {
      if (person.missed) await this.lose(person);
      person.leave(0);
    }
    this.scene++;
    this.recent = [];
    this.nextLook = 0;
  }

  /** Detect the faces in this frame; return whether nothing has changed. */
  private async detect(index: number, image: Image): Promise<boolean> {
    const { present } = this;
    const faces = await this.detector.detect(image, present.length ? HELD_SCORE : MIN_SCORE);
    const sure = faces.filter((face) => face.score >= MIN_SCORE);
    this.seen.count(apart(sure).length);
    const found = assigned(present, faces, image);
    let steady = true;
    for (const person of present) {
      const box = found.get(person);
      if (box) {
        if (!person.see(box, index, image)) steady = false;
        if (sure.every((other) => box === other || !areClose(box, other))) {
          lookOf(image, box).forEach((value, i) => (person.look[i]! += (value - person.look[i]!) / own.kept));
        }
      } else if (person.missed) await this.lose(person);
      // The detector may miss a face once, and another person must not take over because of that.
      else person.missed = true;
    }
    for (const face of sure) {
      if (!this.isFree(face)) continue;
      await this.appear(face, index, image);
      steady = false;
    }
    if (this.present.every((person) => !person.missed)) this.recent = [];
    return steady && this.allWell();
  }

  /** Whether a face is on none of the heads that are followed. */
  private isFree(face: FaceBox): boolean {
    const held = this.present.filter((person) => !person.missed);
    return held.every(({ box }) => Math.max(coveredBy(face, box), coveredBy(box, face)) <= OWN_HEAD);
  }

  private async appear(face: FaceBox, index: number, image: Image): Promise<void> {
    const look = lookOf(image, face);
    const away = this.people.filter((person) => !person.present || person.missed);
    let [best, least]: [Person | null, number] = [null, Infinity];
    for (const person of away) {
      const unlike = difference(person.look, look);
      if (unlike < this.mostUnlike(person, face, index) && unlike < least) [best, least] = [person, unlike];
    }
    if (best) {
      if (least > (overlap(best.box, face) < HELD_OVERLAP ? own.same : own.likely)) best.doubts.push(index);
      if (best.present) await this.lose(best);
    } else if (away.some((person) => person.present)) {
      // Somebody was just missed, and may have moved here: the next detection decides.
      return;
    } else {
      best = new Person(this.kept, this.cropFactor, look);
      this.people.push(best);
    }
    best.scene = this.scene;
    best.see(face, index, image);
  }

  /** How unlike a face may look to be this person, who is lost or was just missed. */
  private mostUnlike(person: Person, face: FaceBox, index: number): number {
    if (person.scene !== this.scene || person.present) return own.same;
    const { box } = person;
    const reach = own.nearby * Math.max(box.width, box.height);
    const near = Math.max(Math.abs(box.x - face.x), Math.abs(box.y - face.y)) < reach;
    return near || index - person.lastSeen < this.shortly ? own.unlike : own.likely;
  }

  /** Set the frames since a face was last seen to not found. */
  private async lose(person: Person): Promise<void> {
    const others = this.present.filter((other) => other !== person && !other.missed);
    for (const { index, thumbnail } of [...this.recent].reverse()) {
      const seen = sameFace(person.box, await thumbnail.detect(this.detector));
      if (seen && others.every((other) => overlap(other.box, seen) < overlap(person.box, seen))) {
        person.lastSeen = Math.max(index, person.lastSeen);
        break;
      }
    }
    // There is no entry yet for the frame in which this is noticed.
    person.leave(this.frames - 1 - (person.lastSeen + 1));
  }
}

/** The face of each person who is seen: the best pairs first. */
function assigned(people: readonly Person[], faces: readonly FaceBox[], image: Image): Map<Person, FaceBox> {
  const pairs = people.flatMap((person) =>
    faces
      .filter((face) => person.overlap(face) >= HELD_OVERLAP)
      .map((face) => {
        const rivals = people.some((other) => other !== person && areClose(other.box, face));
        const unlike = rivals ? difference(person.look, lookOf(image, face)) : 0;
        return { person, face, score: person.overlap(face) - own.looks_count * unlike };
      }),
  );
  pairs.sort((one, other) => other.score - one.score);
  const found = new Map<Person, FaceBox>();
  const taken = new Set<FaceBox>();
  for (const { person, face } of pairs) {
    if (found.has(person) || taken.has(face)) continue;
    found.set(person, face);
    taken.add(face);
  }
  return found;
}

/** Whether two boxes would touch if they were larger. */
function areClose(one: FaceBox, other: FaceBox): boolean {
  const right = Math.abs(one.x + one.width / 2 - other.x - other.width / 2);
  const down = Math.abs(one.y + one.height / 2 - other.y - other.height / 2);
  return right < (own.close * (one.width + other.width)) / 2 && down < (own.close * (one.height + other.height)) / 2;
}

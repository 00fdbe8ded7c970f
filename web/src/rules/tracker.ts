/** One steady square per frame: where the face is, and since when it is lost; as `video/tracker.py`. */

import { DETECTOR_HEIGHT, type FaceBox, type FaceDetector, MIN_SCORE, coveredBy, overlap, scaled } from "./detector.ts";
import type { Image, Square } from "./image.ts";
import { clamp, roundEven } from "./numbers.ts";
import { FacesSeen } from "./people.ts";
import { everyNth } from "./resize.ts";
import rules from "./rules.json";

const own = rules.tracker;

/** How far back, at most, a face is found to have left, in seconds. */
export const MEMORY_S = 2 * (own.hold_s + own.search_s);

/** Centre and side of a square, in fractions of pixels. */
interface Place {
  readonly x: number;
  readonly y: number;
  readonly size: number;
}

/** Follows one face with a detection about once a second, and holds the square still in between. */
export class FaceTracker {
  /** Whether there is a face, one a frame; entries of the last `MEMORY_S` may still turn false. */
  readonly found: boolean[] = [];
  readonly seen = new FacesSeen();
  private readonly hold: number;
  private readonly search: number;
  private frames = 0;
  private nextLook = 0;
  private box: FaceBox | null = null;
  private lost: FaceBox | null = null;
  private others: FaceBox[] = [];
  private square: Square | null = null;
  private place: Place | null = null;
  private suspected: Place | null = null;
  private lastSeen = 0;
  private missed = false;
  private recent: { index: number; image: Image; step: number }[] = [];

  constructor(
    fs: number,
    private readonly cropFactor: number,
    private readonly detector: FaceDetector,
  ) {
    this.hold = Math.max(roundEven(own.hold_s * fs), 1);
    this.search = Math.max(roundEven(own.search_s * fs), 1);
  }

  async locate(image: Image | null): Promise<Square | null> {
    const index = this.frames++;
    if (!image) {
      this.found.push(false);
      return null;
    }
    if (index >= this.nextLook) {
      const steady = await this.look(index, image);
      this.nextLook = index + (steady ? this.hold : this.search);
    } else if (this.box && !this.missed && index % this.search === 0) {
      const step = Math.max(Math.floor(image.height / DETECTOR_HEIGHT), 1);
      // Made small at once, so that the whole picture is not kept.
      this.recent.push({ index, image: everyNth(image, step), step });
    }
    this.found.push(this.box !== null);
    return this.box ? this.square : null;
  }

  /** Detect the face in this frame; return whether nothing has changed. */
  private async look(index: number, image: Image): Promise<boolean> {
    const faces = await this.detector.detect(image, this.box ? own.held_score : MIN_SCORE);
    const sure = faces.filter((face) => face.score >= MIN_SCORE);
    this.seen.count(apart(sure));
    if (this.box) {
      const again = sameFace(this.box, faces);
      if (!again && !this.missed) {
        // The detector may miss a face once, and another person must not take over because of that.
        this.missed = true;
        return false;
      }
      if (!again) await this.lose();
      this.box = again;
    }
    this.missed = false;
    this.recent = [];
    if (!this.box && sure.length) {
      this.box = sure[0]!;
      this.takeAnew(index);
    }
    if (!this.box) return false;
    const box = this.box;
    this.lastSeen = index;
    this.others = sure.filter((face) => face !== box);
    const size = this.cropFactor * Math.max(box.width, box.height);
    return this.follow({ x: box.x + box.width / 2, y: box.y + box.height / 2, size }, image);
  }

  /** Mark the frames since the face was last seen, and forget its place. */
  private async lose(): Promise<void> {
    for (const { index, image, step } of [...this.recent].reverse()) {
      const faces = (await this.detector.detect(image, own.held_score)).map((face) => scaled(face, step));
      if (sameFace(this.box!, faces)) {
        this.lastSeen = index;
        break;
      }
    }
    const gone = Math.min(this.frames - 1 - (this.lastSeen + 1), this.found.length);
    this.found.fill(false, this.found.length - gone);
    this.place = this.suspected = null;
    this.lost = this.box;
  }

  /** Record whether the face that is chosen now may be another person's than the lost one. */
  private takeAnew(index: number): void {
    if (this.lost) {
      const other = sameFace(this.box!, this.others) !== null;
      if (other || overlap(this.lost, this.box!) < own.held_overlap) this.seen.changes.push({ frame: index, other });
    }
    this.lost = null;
  }

  /** Move the square if the face has really moved; return whether it has not. */
  private follow(place: Place, image: Image): boolean {
    if (this.place && isNear(place, this.place)) {
      this.suspected = null;
      return true;
    }
    if (this.place && !this.suspected) {
      // One detection may be wrong; another one soon decides.
      this.suspected = place;
      return false;
    }
    this.place = this.suspected ? between(place, this.suspected) : place;
    this.suspected = null;
    this.square = squareOf(this.place, image);
    return false;
  }
}

function isNear(place: Place, other: Place): boolean {
  const shift = Math.max(Math.abs(place.x - other.x), Math.abs(place.y - other.y)) / other.size;
  return shift < own.moved && Math.abs(place.size / other.size - 1) < own.resized;
}

function between(one: Place, other: Place): Place {
  return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2, size: (one.size + other.size) / 2 };
}

/** Whole pixels, shrunk and shifted into the frame. */
function squareOf(place: Place, { width, height }: Image): Square {
  const size = Math.max(Math.min(roundEven(place.size), height, width), 1);
  const x = clamp(roundEven(place.x - size / 2), 0, width - size);
  return { x, y: clamp(roundEven(place.y - size / 2), 0, height - size), size };
}

/** The number of faces; a turned or half hidden face may have several boxes. */
function apart(faces: readonly FaceBox[]): number {
  const heads: FaceBox[] = [];
  for (const face of faces) if (heads.every((head) => coveredBy(face, head) <= own.own_head)) heads.push(face);
  return heads.length;
}

function sameFace(held: FaceBox, faces: readonly FaceBox[]): FaceBox | null {
  let best: FaceBox | null = null;
  for (const face of faces) if (!best || overlap(held, face) > overlap(held, best)) best = face;
  return best && overlap(held, best) >= own.held_overlap ? best : null;
}

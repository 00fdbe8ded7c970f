/** One face that is followed: its box, and the square held still around it; as `video/followed_face.py`. */

import { DETECTOR_HEIGHT, type FaceBox, type FaceDetector, coveredBy, overlap, scaled } from "./detector.ts";
import type { Image, Square } from "./image.ts";
import { clamp, roundEven } from "./numbers.ts";
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

export class FollowedFace {
  /** Null before the first detection. */
  square: Square | null = null;
  private place: Place | null = null;
  private suspected: Place | null = null;

  /** The square's side is the longer one of the face's box times this. */
  constructor(private readonly cropFactor: number) {}

  /** Forget the place: wherever the face is detected next, the square is there at once. */
  forget(): void {
    this.place = this.suspected = null;
  }

  /** Move the square if the face has really moved; return whether it has not. */
  follow(box: FaceBox, image: Image): boolean {
    const size = this.cropFactor * Math.max(box.width, box.height);
    const place = { x: box.x + box.width / 2, y: box.y + box.height / 2, size };
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

/** One face a head, the larger ones first; a turned or half hidden face may have several boxes. */
export function apart(faces: readonly FaceBox[]): FaceBox[] {
  const heads: FaceBox[] = [];
  for (const face of faces) if (heads.every((head) => coveredBy(face, head) <= own.own_head)) heads.push(face);
  return heads;
}

/** The detected face that is most likely the one that was in a box, if any is. */
export function sameFace(held: FaceBox, faces: readonly FaceBox[]): FaceBox | null {
  let best: FaceBox | null = null;
  for (const face of faces) if (!best || overlap(held, face) > overlap(held, best)) best = face;
  return best && overlap(held, best) >= own.held_overlap ? best : null;
}

/** A coarse copy of a frame, about the detector's size, which does not keep the whole frame in memory. */
export class Thumbnail {
  private readonly step: number;
  private readonly picture: Image;

  constructor(image: Image) {
    this.step = Math.max(Math.floor(image.height / DETECTOR_HEIGHT), 1);
    this.picture = everyNth(image, this.step);
  }

  /** Faces in pixels of the frame. */
  async detect(detector: FaceDetector): Promise<FaceBox[]> {
    return (await detector.detect(this.picture, own.held_score)).map((face) => scaled(face, this.step));
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

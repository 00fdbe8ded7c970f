/** Finding faces in one picture with the RFB-320 network; as `video/face.py`. */

import type { Image } from "./image.ts";
import { roundEven } from "./numbers.ts";
import { areaResize, everyNth } from "./resize.ts";
import rules from "./rules.json";

const { height: HEIGHT, width: WIDTH, max_overlap: MOST_OVERLAP } = rules.detector;
export const MIN_SCORE = rules.detector.min_score;
export const DETECTOR_HEIGHT = HEIGHT;

/** A face in pixels of the picture, from the forehead to the chin. */
export interface FaceBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly score: number;
}

/** Runs the network on (1, height, width, 3) and returns its rows of a background score, a score and four corners. */
export type DetectorNetwork = (canvas: Float32Array) => Promise<Float32Array>;

function shared(one: FaceBox, other: FaceBox): number {
  const width = Math.min(one.x + one.width, other.x + other.width) - Math.max(one.x, other.x);
  const height = Math.min(one.y + one.height, other.y + other.height) - Math.max(one.y, other.y);
  return Math.max(width, 0) * Math.max(height, 0);
}

/** Intersection over union, 0..1. */
export function overlap(one: FaceBox, other: FaceBox): number {
  const both = shared(one, other);
  return both / (one.width * one.height + other.width * other.height - both);
}

/** Share of a box that is inside another one, 0..1. */
export function coveredBy(one: FaceBox, other: FaceBox): number {
  return shared(one, other) / (one.width * one.height);
}

export function scaled(box: FaceBox, factor: number): FaceBox {
  return { x: box.x * factor, y: box.y * factor, width: box.width * factor, height: box.height * factor, score: box.score };
}

export interface FaceDetector {
  /** The faces in a picture, the largest first. */
  detect(image: Image, minScore: number): Promise<FaceBox[]>;
}

export function faceDetector(network: DetectorNetwork): FaceDetector {
  return {
    async detect(image, minScore) {
      const scale = Math.min(HEIGHT / image.height, WIDTH / image.width);
      const height = Math.max(roundEven(image.height * scale), 1);
      const width = Math.max(roundEven(image.width * scale), 1);
      const found = await network(canvasOf(image, scale, height, width));
      return boxesOf(found, minScore, (WIDTH / width) * image.width, (HEIGHT / height) * image.height);
    },
  };
}

/** The whole picture with its aspect ratio, padded with grey. */
function canvasOf(image: Image, scale: number, height: number, width: number): Float32Array {
  const small = areaResize(everyNth(image, Math.max(Math.trunc(0.5 / scale), 1)), height, width);
  const canvas = new Float32Array(HEIGHT * WIDTH * 3);
  for (let y = 0; y < height; y++) {
    for (let i = 0; i < width * 3; i++) canvas[y * WIDTH * 3 + i] = (small[y * width * 3 + i]! - 127) / 128;
  }
  return canvas;
}

/** Boxes from the network's rows: of each group of overlapping ones the best. */
export function boxesOf(found: Float32Array, minScore: number, width: number, height: number): FaceBox[] {
  const candidates: FaceBox[] = [];
  for (let row = 0; row < found.length; row += 6) {
    const score = found[row + 1]!;
    if (score < minScore) continue;
    const [left, top, right, bottom] = [found[row + 2]! * width, found[row + 3]! * height, found[row + 4]! * width, found[row + 5]! * height];
    candidates.push({ x: left, y: top, width: right - left, height: bottom - top, score });
  }
  candidates.sort((one, other) => other.score - one.score);
  const kept: FaceBox[] = [];
  for (const box of candidates) if (kept.every((better) => overlap(better, box) <= MOST_OVERLAP)) kept.push(box);
  return kept.sort((one, other) => other.width * other.height - one.width * one.height);
}

/** From frames to network inputs, Big and Small, block by block; as `inputs/blocks.py`. */

import { type FaceChange, FaceChanges, type Preprocessing, facePixels } from "./changes.ts";
import { type Crop, recrop } from "./crop.ts";
import type { Image, Square } from "./image.ts";
import { roundEven } from "./numbers.ts";
import { areaResize } from "./resize.ts";
import { SHIFTED, type WideChange, WideChanges } from "./shoulders.ts";
import { ChangeStatistics, RunningStatistics } from "./statistics.ts";

/** Big frames wait for the statistics of their block as 16-bit numbers. */
const FIXED_POINT = 65535;

export interface InputShape {
  readonly clipLength: number;
  /** One Big frame for every so many Small frames; 0 if no network takes Big frames. */
  readonly bigStride: number;
  readonly bigSize: number;
  readonly smallSize: number;
  readonly preprocessing: Preprocessing;
  /** How the squares that come with the frames are cut, and how Big frames are, if otherwise. */
  readonly bigCrop: readonly [Crop, Crop] | null;
  /** As above, for wider squares in which inputs are cut out instead; such blocks have the shifts of the shoulders. */
  readonly wideCrop: readonly [Crop, Crop] | null;
}

/** Inputs of consecutive frames that share their statistics. */
export class InputBlock {
  constructor(
    readonly frames: number,
    /** (clips, N, 3, S, S): normalized differences, standardized; frame t holds the change from t to t + 1. */
    readonly small: Float32Array,
    /** (clips, N): whether a frame shows a face. */
    readonly shown: Uint8Array,
    readonly bigMean: number,
    readonly bigStd: number,
    readonly hasMotion: boolean,
    /** (clips, K, 3, B, B): before they are standardized. */
    private readonly bigFixed: Uint16Array,
    readonly clips: number,
    /** (frames, 2): how far the shoulders, and what is above, move to the next frame; null without a wide square. */
    readonly shifts: Float32Array | null,
  ) {}

  /** Standardized Big frames of some clips. */
  big(start: number, stop: number): Float32Array {
    const each = this.bigFixed.length / Math.max(this.clips, 1);
    const fixed = this.bigFixed.subarray(start * each, stop * each);
    const standardized = new Float32Array(fixed.length);
    if (this.bigStd === 0) return standardized;
    const scale = 1 / (FIXED_POINT * this.bigStd);
    const shift = this.bigMean / this.bigStd;
    for (let i = 0; i < fixed.length; i++) standardized[i] = fixed[i]! * scale - shift;
    return standardized;
  }
}

/** Takes frames one by one, and returns each block of inputs when it is full. */
export class InputCollector {
  private readonly clips: number;
  private readonly changes: FaceChanges | WideChanges;
  private readonly running: [RunningStatistics, ChangeStatistics] | null;
  private block: GrowingBlock;

  /** `memoryFrames` is for a camera, whose blocks cannot wait: all frames so far standardize them, the latest most. */
  constructor(
    private readonly shape: InputShape,
    blockFrames: number,
    memoryFrames?: number,
  ) {
    this.clips = Math.ceil(blockFrames / shape.clipLength);
    const { bigSize, preprocessing, wideCrop } = shape;
    this.changes = wideCrop ? new WideChanges(bigSize, wideCrop, preprocessing) : new FaceChanges(bigSize, preprocessing);
    this.running = memoryFrames === undefined ? null : [new RunningStatistics(memoryFrames), new ChangeStatistics(memoryFrames)];
    this.block = this.newBlock();
  }

  add(image: Image | null, square: Square | null): InputBlock | null {
    const { face, change, shift }: FaceChange & Partial<WideChange> = this.changes.add(image, square);
    let full: InputBlock | null = null;
    if (this.block.frames) {
      this.block.addChange(change, shift ?? null);
      if (this.block.isFull) {
        full = this.block.finished();
        this.block = this.newBlock();
      }
    }
    this.block.addFrame(face !== null, this.bigFace(image, square, face));
    return full;
  }

  /** Start a new stretch of frames: no difference is taken between the last frame and the next. */
  cut(): void {
    this.changes.add(null, null);
  }

  /** Return the frames that are not in a block yet as the last block. */
  flush(): InputBlock | null {
    if (!this.block.frames) return null;
    this.block.addChange(null, null);
    const rest = this.block.finished();
    this.block = this.newBlock();
    return rest;
  }

  private bigFace(image: Image | null, square: Square | null, face: Float32Array | null): Float32Array | null {
    const crops = this.shape.bigCrop;
    if (!crops || !image || !square) return face;
    const wide = recrop(square, crops[0], crops[1], image.width, image.height);
    return facePixels(image, wide, this.shape.bigSize, this.shape.preprocessing);
  }

  private newBlock(): GrowingBlock {
    const [big, changes] = this.running ?? [new RunningStatistics(), new ChangeStatistics()];
    return new GrowingBlock(this.shape, this.clips, big, changes);
  }
}

class GrowingBlock {
  frames = 0;
  private differences = 0;
  private big: Uint16Array;
  private small: Float32Array;
  private shown: Uint8Array;
  private shifts: Float32Array | null;
  private readonly missing: number[] = [];
  private readonly bigFrames: number;

  constructor(
    private readonly shape: InputShape,
    private readonly clips: number,
    private readonly bigSums: RunningStatistics,
    private readonly changes: ChangeStatistics,
  ) {
    this.bigFrames = shape.bigStride ? Math.ceil(shape.clipLength / shape.bigStride) : 0;
    // Grows with the frames: the last block is shorter than the others.
    const room = Math.min(clips, 16);
    this.big = new Uint16Array(room * this.bigFrames * this.bigValues);
    this.small = new Float32Array(room * shape.clipLength * this.smallValues);
    this.shown = new Uint8Array(room * shape.clipLength);
    this.shifts = shape.wideCrop && new Float32Array(room * shape.clipLength * SHIFTED).fill(NaN);
  }

  get isFull(): boolean {
    return this.differences === this.clips * this.shape.clipLength;
  }

  addFrame(shown: boolean, big: Float32Array | null): void {
    if (this.frames === this.shown.length) this.makeRoom();
    if (this.bigFrames) this.addBig(big);
    this.shown[this.frames] = shown ? 1 : 0;
    this.frames++;
  }

  addChange(change: Float32Array | null, shift: readonly number[] | null): void {
    if (shift) this.shifts?.set(shift, this.differences * SHIFTED);
    if (change) {
      this.changes.add(change);
      const { bigSize, smallSize } = this.shape;
      const tiny = areaResize({ width: bigSize, height: bigSize, data: change }, smallSize, smallSize);
      channelsFirst(tiny, this.small, this.differences * this.smallValues);
    }
    this.differences++;
  }

  finished(): InputBlock {
    const { clipLength, bigStride } = this.shape;
    const clips = Math.ceil(this.frames / clipLength);
    const small = this.small.slice(0, clips * clipLength * this.smallValues);
    const hasMotion = this.changes.hasMotion;
    const std = this.changes.std;
    for (let i = 0; i < small.length; i++) small[i] = hasMotion ? small[i]! / std : 0;
    const big = this.big.slice(0, clips * this.bigFrames * this.bigValues);
    if (bigStride) {
      // The frames that fill the last clip are still: they repeat the last frame.
      const filled = Math.ceil((this.frames - (clips - 1) * clipLength) / bigStride);
      const last = (clips - 1) * this.bigFrames + filled - 1;
      for (let k = filled; k < this.bigFrames; k++) {
        const place = ((clips - 1) * this.bigFrames + k) * this.bigValues;
        big.copyWithin(place, last * this.bigValues, (last + 1) * this.bigValues);
      }
    }
    const average = roundEven(this.bigSums.mean * FIXED_POINT);
    for (const frame of this.missing) big.fill(average, frame * this.bigValues, (frame + 1) * this.bigValues);
    const shown = this.shown.slice(0, clips * clipLength);
    const shifts = this.shifts && this.shifts.slice(0, this.frames * SHIFTED);
    return new InputBlock(this.frames, small, shown, this.bigSums.mean, this.bigSums.std, hasMotion, big, clips, shifts);
  }

  private get bigValues(): number {
    return 3 * this.shape.bigSize ** 2;
  }

  private get smallValues(): number {
    return 3 * this.shape.smallSize ** 2;
  }

  private addBig(face: Float32Array | null): void {
    const clip = Math.floor(this.frames / this.shape.clipLength);
    const t = this.frames % this.shape.clipLength;
    if (face) this.bigSums.add(face);
    if (t % this.shape.bigStride !== 0) return;
    const frame = clip * this.bigFrames + t / this.shape.bigStride;
    if (!face) {
      this.missing.push(frame);
      return;
    }
    const fixed = new Uint16Array(face.length);
    for (let i = 0; i < face.length; i++) fixed[i] = Math.fround(Math.fround(face[i]! * FIXED_POINT) + 0.5);
    channelsFirst(fixed, this.big, frame * this.bigValues);
  }

  private makeRoom(): void {
    const big = new Uint16Array(2 * this.big.length);
    big.set(this.big);
    const small = new Float32Array(2 * this.small.length);
    small.set(this.small);
    const shown = new Uint8Array(2 * this.shown.length);
    shown.set(this.shown);
    if (this.shifts) {
      const shifts = new Float32Array(2 * this.shifts.length).fill(NaN);
      shifts.set(this.shifts);
      this.shifts = shifts;
    }
    this.big = big;
    this.small = small;
    this.shown = shown;
  }
}

/** Write pixels (H, W, 3) as (3, H, W). */
function channelsFirst(pixels: Float32Array | Uint16Array, into: Float32Array | Uint16Array, at: number): void {
  const plane = pixels.length / 3;
  for (let i = 0; i < plane; i++) {
    into[at + i] = pixels[3 * i]!;
    into[at + plane + i] = pixels[3 * i + 1]!;
    into[at + 2 * plane + i] = pixels[3 * i + 2]!;
  }
}

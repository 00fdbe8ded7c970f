/** Decoded frames as upright RGB pictures, by the matrix and range that they state; as `video/pixels.py`. */

import type { Image } from "../rules/image.ts";

/** The share of red and of blue in luma, by the names of WebCodecs. */
const MATRICES: Readonly<Record<string, readonly [number, number]>> = {
  bt709: [0.2126, 0.0722],
  smpte170m: [0.299, 0.114],
  bt470bg: [0.299, 0.114],
  "bt2020-ncl": [0.2627, 0.0593],
};

/** Players' defaults: BT.709 for high definition, BT.601 below. */
function matrixOf(frame: VideoFrame): readonly [number, number] {
  const { width, height } = frame.visibleRect!;
  const usual = width >= 1280 || height > 576 ? "bt709" : "smpte170m";
  return MATRICES[frame.colorSpace.matrix ?? usual] ?? MATRICES[usual]!;
}

/** An upright RGB picture of a frame, which may be turned clockwise by quarter turns. */
export async function pictureOf(frame: VideoFrame, rotation = 0): Promise<Image> {
  const planar = frame.format === "I420" || frame.format === "NV12";
  const image = planar ? squarePixels(await fromPlanes(frame), frame) : fromCanvas(frame);
  return turned(image, rotation);
}

/** Stretch a picture whose stored pixels are not square, by the mean of the two nearest pixels of a row or column. */
function squarePixels(image: Image, { displayWidth: width, displayHeight: height }: VideoFrame): Image {
  if (image.width === width && image.height === height) return image;
  const across = nearestTwo(image.width, width);
  const down = nearestTwo(image.height, height);
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++) {
    const upper = down.first[y]! * image.width;
    const lower = Math.min(down.first[y]! + 1, image.height - 1) * image.width;
    const below = down.share[y]!;
    for (let x = 0; x < width; x++) {
      const left = across.first[x]! * 3;
      const right = Math.min(across.first[x]! + 1, image.width - 1) * 3;
      const share = across.share[x]!;
      for (let c = 0; c < 3; c++) {
        const top = (1 - share) * image.data[upper * 3 + left + c]! + share * image.data[upper * 3 + right + c]!;
        const bottom = below && (1 - share) * image.data[lower * 3 + left + c]! + share * image.data[lower * 3 + right + c]!;
        data[at++] = (1 - below) * top + below * bottom + 0.5;
      }
    }
  }
  return { width, height, data };
}

/** For each pixel of a longer row: the first of the two pixels beside it, and the share of the second. */
function nearestTwo(source: number, target: number): { first: Int32Array; share: Float64Array } {
  const places = Float64Array.from({ length: target }, (_, i) => Math.min(Math.max(((i + 0.5) * source) / target - 0.5, 0), source - 1));
  return { first: Int32Array.from(places), share: places.map((place) => place - Math.floor(place)) };
}

/** Luma and chroma, read as they were decoded and converted here: alike in every browser. */
async function fromPlanes(frame: VideoFrame): Promise<Image> {
  const { width, height } = frame.visibleRect!;
  const planes = new Uint8Array(frame.allocationSize());
  const layout = await frame.copyTo(planes);
  const [luma, first, second] = layout as [PlaneLayout, PlaneLayout, PlaneLayout | undefined];
  const step = second ? 1 : 2;
  const blueAt = first.offset;
  const redAt = second ? second.offset : first.offset + 1;
  const [kr, kb] = matrixOf(frame);
  const full = frame.colorSpace.fullRange === true;
  const black = full ? 0 : 16;
  const gain = full ? 1 : 255 / 219;
  const spread = full ? 1 : 255 / 224;
  const red = 2 * (1 - kr) * spread;
  const blue = 2 * (1 - kb) * spread;
  const greenRed = (-red * kr) / (1 - kr - kb);
  const greenBlue = (-blue * kb) / (1 - kr - kb);
  // Clamped by the array, which also rounds.
  const data = new Uint8ClampedArray(width * height * 3);
  for (let y = 0, at = 0; y < height; y++) {
    const row = luma.offset + y * luma.stride;
    const chroma = (y >> 1) * first.stride;
    for (let x = 0; x < width; x++, at += 3) {
      const bright = (planes[row + x]! - black) * gain;
      const place = chroma + (x >> 1) * step;
      const u = planes[blueAt + place]! - 128;
      const v = planes[redAt + place]! - 128;
      data[at] = bright + red * v;
      data[at + 1] = bright + greenRed * v + greenBlue * u;
      data[at + 2] = bright + blue * u;
    }
  }
  return { width, height, data: new Uint8Array(data.buffer) };
}

/** Other pixels are drawn by the browser. */
function fromCanvas(frame: VideoFrame): Image {
  const { displayWidth: width, displayHeight: height } = frame;
  const canvas = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  canvas.drawImage(frame, 0, 0, width, height);
  const pixels = canvas.getImageData(0, 0, width, height).data;
  const data = new Uint8Array(width * height * 3);
  for (let i = 0, at = 0; at < data.length; i += 4) {
    data[at++] = pixels[i]!;
    data[at++] = pixels[i + 1]!;
    data[at++] = pixels[i + 2]!;
  }
  return { width, height, data };
}

function turned(image: Image, rotation: number): Image {
  const quarters = (((rotation / 90) % 4) + 4) % 4;
  if (quarters === 0) return image;
  const { width, height, data } = image;
  const [w, h] = quarters === 2 ? [width, height] : [height, width];
  const upright = new Uint8Array(data.length);
  for (let y = 0, at = 0; y < h; y++) {
    for (let x = 0; x < w; x++, at += 3) {
      const [fromX, fromY] = quarters === 1 ? [y, height - 1 - x] : quarters === 2 ? [width - 1 - x, height - 1 - y] : [width - 1 - y, x];
      const from = (fromY * width + fromX) * 3;
      upright[at] = data[from]!;
      upright[at + 1] = data[from + 1]!;
      upright[at + 2] = data[from + 2]!;
    }
  }
  return { width: w, height: h, data: upright };
}

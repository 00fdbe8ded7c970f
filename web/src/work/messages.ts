/** What the page and its worker say to each other. */

import type { Square } from "../rules/image.ts";
import type { Measurement } from "../rules/measurement.ts";

export type ToWorker =
  | { readonly kind: "load"; readonly home: string }
  | { readonly kind: "file"; readonly file: File }
  | { readonly kind: "start camera" }
  | { readonly kind: "frame"; readonly frame: VideoFrame; readonly seconds: number }
  | { readonly kind: "stop" };

/** A measurement's files, by name. */
export type Files = Readonly<Record<string, string>>;

/** A small picture of the frame that is being worked on, and where the face is in it, in shares of its sides. */
export interface Preview {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
}

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export type FromWorker =
  | { readonly kind: "loading"; readonly bytes: number }
  | { readonly kind: "ready"; readonly units: readonly string[] }
  | { readonly kind: "progress"; readonly done: number; readonly all: number; readonly preview: Preview | null; readonly place: Place | null }
  | { readonly kind: "taken"; readonly place: Place | null }
  | { readonly kind: "live"; readonly measurement: Measurement; readonly framesPerSecond: number }
  | { readonly kind: "measured"; readonly measurement: Measurement; readonly files: Files; readonly seconds: number }
  | { readonly kind: "failed"; readonly reason: string; readonly detail: string };

export function placeOf(square: Square | null, picture: { readonly width: number; readonly height: number }): Place | null {
  if (!square) return null;
  const { width, height } = picture;
  return { x: square.x / width, y: square.y / height, width: square.size / width, height: square.size / height };
}

/** What the page and its worker say to each other. */

import type { Square } from "../rules/image.ts";
import type { Measurement } from "../rules/measurement.ts";
import type { PeopleChoice } from "../rules/people_choice.ts";

export type ToWorker =
  | { readonly kind: "load"; readonly home: string }
  | { readonly kind: "file"; readonly file: File; readonly people: PeopleChoice }
  | { readonly kind: "start camera"; readonly people: PeopleChoice }
  | { readonly kind: "frame"; readonly frame: VideoFrame; readonly seconds: number }
  | { readonly kind: "stop" };

/** The files of all measurements, by name; of several people each in a folder of their own. */
export type Files = Readonly<Record<string, string>>;

/** A small picture of the frame that is being worked on. */
export interface Preview {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
}

/** Where a face is in the picture, in shares of its sides, and the number by which the person is measured. */
export interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly person: number | null;
}

export type FromWorker =
  | { readonly kind: "loading"; readonly bytes: number }
  | { readonly kind: "ready"; readonly units: readonly string[] }
  | { readonly kind: "progress"; readonly done: number; readonly all: number; readonly preview: Preview; readonly places: readonly Place[] }
  | { readonly kind: "taken"; readonly places: readonly Place[] }
  | { readonly kind: "live"; readonly measurements: readonly Measurement[]; readonly framesPerSecond: number }
  | { readonly kind: "measured"; readonly measurements: readonly Measurement[]; readonly files: Files; readonly places: readonly Place[]; readonly seconds: number }
  | { readonly kind: "failed"; readonly reason: string; readonly detail: string };

export function placeOf(square: Square, picture: { readonly width: number; readonly height: number }, person: number | null = null): Place {
  const { width, height } = picture;
  return { x: square.x / width, y: square.y / height, width: square.size / width, height: square.size / height, person };
}

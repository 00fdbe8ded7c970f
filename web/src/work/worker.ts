/** The page's worker: decoding, networks and signals, so that the page itself never waits. */

import { resultFiles } from "../rules/files.ts";
import type { Image, Square } from "../rules/image.ts";
import type { Measurement } from "../rules/measurement.ts";
import type { PeopleChoice } from "../rules/people_choice.ts";
import type { FaceDetector } from "../rules/detector.ts";
import type { LoadedBundle } from "../rules/pipeline.ts";
import { maxFs, measureRecording } from "../rules/recording.ts";
import { everyNth } from "../rules/resize.ts";
import { Stream } from "../rules/stream.ts";
import { type Files, type FromWorker, type Place, type Preview, type ToWorker, placeOf } from "./messages.ts";
import { loadNetworks } from "./networks.ts";
import { pictureOf } from "./pictures.ts";
import { FileProblem, openVideoFile } from "./video_file.ts";

/** A preview at most this wide is sent so often, and a camera's results so often, in milliseconds. */
const PREVIEW_WIDTH = 360;
const PREVIEW_MS = 150;
const LIVE_MS = 1000;

/** On a slow machine results come less often: they take one part of the time, and frames so many. */
const FRAMES_SHARE = 4;

/** Live results are of the last seconds; the files of a camera's recording have at most the last minutes. */
const LIVE_SECONDS = 30;
const KEPT_SECONDS = 1800;

let loaded: { bundle: LoadedBundle; detector: FaceDetector } | null = null;
let camera: { stream: Stream; people: PeopleChoice; started: number; told: number; due: number; frames: number } | null = null;
let stopped = false;

/** Messages are handled one after the other; only "stop" takes effect at once. */
let work: Promise<void> = Promise.resolve();

function tell(message: FromWorker, transfer: Transferable[] = []): void {
  postMessage(message, { transfer });
}

onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === "stop") stopped = true;
  work = work.then(() => handle(data)).catch(fail);
};

function fail(error: unknown): void {
  if (error instanceof Stopped) return;
  if (error instanceof FileProblem) tell({ kind: "failed", reason: error.reason, detail: error.detail });
  else tell({ kind: "failed", reason: loaded ? "unexpected" : "notLoaded", detail: error instanceof Error ? error.message : String(error) });
}

async function handle(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case "load":
      loaded = await loadNetworks(message.home, (bytes) => tell({ kind: "loading", bytes }));
      return tell({ kind: "ready", units: loaded.bundle.fast.tasks.find((task) => task.name === "au")?.labels ?? [] });
    case "file":
      return measureFile(message.file, message.people);
    case "start camera":
      return startCamera(message.people);
    case "frame":
      return takeFrame(message.frame, message.seconds);
    case "stop":
      return endCamera();
  }
}

class Stopped extends Error {}

async function measureFile(file: File, people: PeopleChoice): Promise<void> {
  const { bundle, detector } = loaded!;
  const started = performance.now();
  let told = -Infinity;
  let shown: { index: number; width: number; height: number } | null = null;
  stopped = false;
  const recording = await openVideoFile(file, maxFs(bundle));
  const measurements = await measureRecording(recording, bundle, detector, people, (done, all, frame) => {
    if (stopped) throw new Stopped();
    const now = performance.now();
    if (!frame || now - told < PREVIEW_MS) return;
    told = now;
    const { image, index } = frame;
    shown = { index, width: image.width, height: image.height };
    const preview = previewOf(image);
    tell({ kind: "progress", done, all, preview, places: shownSquares(frame.squares, people).map((square) => placeOf(square, image)) }, [preview.pixels.buffer]);
  });
  const places = measurements.flatMap(({ frames, person }) => {
    const square = shown && frames.squares[shown.index];
    return square ? [placeOf(square, shown!, person)] : [];
  });
  measured(measurements, places, started);
}

/** Where only the largest face is measured, only this one is shown. */
function shownSquares(squares: readonly Square[], people: PeopleChoice): Square[] {
  const ranked = [...squares].sort((one, other) => other.size - one.size);
  return people === "all" ? ranked : ranked.slice(0, 1);
}

function measured(measurements: readonly Measurement[], places: readonly Place[], started: number): void {
  const files: Files = Object.assign({}, ...measurements.map(resultFiles)) as Files;
  tell({ kind: "measured", measurements, files, places, seconds: (performance.now() - started) / 1000 });
}

function previewOf(image: Image): Preview {
  const { width, height, data } = everyNth(image, Math.ceil(image.width / PREVIEW_WIDTH));
  const pixels = new Uint8ClampedArray(width * height * 4);
  for (let i = 0, at = 0; at < pixels.length; at += 4) {
    pixels[at] = data[i++]!;
    pixels[at + 1] = data[i++]!;
    pixels[at + 2] = data[i++]!;
    pixels[at + 3] = 255;
  }
  return { width, height, pixels };
}

function startCamera(people: PeopleChoice): void {
  const now = performance.now();
  stopped = false;
  const stream = new Stream(loaded!.bundle, loaded!.detector, people, KEPT_SECONDS);
  camera = { stream, people, started: now, told: now, due: now + LIVE_MS, frames: 0 };
}

async function takeFrame(frame: VideoFrame, seconds: number): Promise<void> {
  if (!camera || stopped) return frame.close();
  let image: Image;
  try {
    image = await pictureOf(frame);
  } finally {
    frame.close();
  }
  const sighted = await camera.stream.push(image, seconds);
  camera.frames++;
  const shown = shownSquares(sighted.map(({ square }) => square), camera.people);
  const places = sighted.filter(({ square }) => shown.includes(square)).map(({ square, person }) => placeOf(square, image, person));
  tell({ kind: "taken", places });
  const now = performance.now();
  if (now < camera.due) return;
  const framesPerSecond = (1000 * camera.frames) / (now - camera.told);
  camera.frames = 0;
  camera.told = now;
  tell({ kind: "live", measurements: await camera.stream.measurements("camera", LIVE_SECONDS), framesPerSecond });
  const done = performance.now();
  camera.due = Math.max(now + LIVE_MS, done + FRAMES_SHARE * (done - now));
}

async function endCamera(): Promise<void> {
  if (!camera) return;
  const { stream, started } = camera;
  camera = null;
  if (!stream.frames) return;
  measured(await stream.measurements("camera"), [], started);
}

/** The page: buttons, the camera, and what the worker says. */

import { strToU8, zipSync } from "fflate";
import type { Measurement } from "../rules/measurement.ts";
import type { PeopleChoice } from "../rules/people_choice.ts";
import type { Files, FromWorker, Preview, ToWorker } from "../work/messages.ts";
import { Camera } from "./camera.ts";
import { goOffline } from "./offline.ts";
import { PeopleView } from "./people_view.ts";
import { Results } from "./results.ts";
import { problemText, text, writeTexts } from "./texts.ts";

const byId = <T extends HTMLElement = HTMLElement>(id: string): T => document.getElementById(id) as T;

writeTexts();
const results = new Results();
const people = new PeopleView(showChosen);
const video = byId<HTMLVideoElement>("video");
const preview = byId<HTMLCanvasElement>("preview");
const file = byId<HTMLInputElement>("file");
const everyone = byId<HTMLInputElement>("everyone");
const camera = new Camera(video, (frame, seconds) => tell({ kind: "frame", frame, seconds }, [frame]));

let worker: Worker | null = null;
let state: "loading" | "idle" | "file" | "camera" = "loading";
let named = "";
let saved: { name: string; files: Files } | null = null;

function tell(message: ToWorker, transfer: Transferable[] = []): void {
  worker!.postMessage(message, transfer);
}

/** What a screen reader speaks when it changes, and beside it what changes all the time. */
function status(said: string, detail = ""): void {
  if (byId("status").textContent !== said) byId("status").textContent = said;
  byId("detail").textContent = detail;
}

function problem(said: string | null): void {
  byId("problem").hidden = said === null;
  byId("problem").textContent = said ?? "";
}

function enter(next: typeof state): void {
  state = next;
  const idle = state === "idle";
  byId<HTMLButtonElement>("camera").disabled = !idle;
  byId<HTMLButtonElement>("choose").disabled = !idle;
  everyone.disabled = !idle;
  byId("stop").hidden = state !== "file" && state !== "camera";
  byId("save").hidden = !idle || !saved;
  byId("progress").hidden = state !== "file" && state !== "loading";
  if (state !== "camera") camera.stop();
}

function begin(next: "file" | "camera"): void {
  problem(null);
  results.clear();
  people.clear();
  saved = null;
  byId("empty").hidden = true;
  video.hidden = next !== "camera";
  preview.hidden = next !== "file";
  video.classList.toggle("mirrored", next === "camera");
  enter(next);
  byId("stop").focus();
}

function choice(): PeopleChoice {
  return everyone.checked ? "all" : "largest";
}

function showChosen(): void {
  if (people.shown) results.show(people.shown, state === "camera");
}

function measureFile(chosen: File): void {
  if (state !== "idle") return;
  named = chosen.name;
  begin("file");
  byId<HTMLProgressElement>("progress").value = 0;
  status(text("reading", { name: named }));
  tell({ kind: "file", file: chosen, people: choice() });
}

async function useCamera(): Promise<void> {
  problem(null);
  status(text("asking"));
  try {
    named = "camera";
    begin("camera");
    tell({ kind: "start camera", people: choice() });
    await camera.start();
  } catch (error) {
    const denied = error instanceof DOMException && error.name === "NotAllowedError";
    enter("idle");
    video.hidden = true;
    byId("empty").hidden = false;
    status("");
    problem(problemText(denied ? "cameraDenied" : "noCamera", ""));
  }
}

function stop(): void {
  if (state === "file" || state === "camera") status(text("stopped"));
  tell({ kind: "stop" });
  enter("idle");
  byId("camera").focus();
}

function save(): void {
  if (!saved) return;
  const folder = saved.name.replace(/\.[^.]*$/, "") || "physiocam";
  const inside = Object.fromEntries(Object.entries(saved.files).map(([name, content]) => [`${folder}/${name}`, strToU8(content)]));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([zipSync(inside)], { type: "application/zip" }));
  link.download = `${folder}.zip`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

function drawPreview({ width, height, pixels }: Preview): void {
  if (preview.width !== width || preview.height !== height) [preview.width, preview.height] = [width, height];
  preview.getContext("2d")!.putImageData(new ImageData(pixels, width, height), 0, 0);
}

function finished(measurements: readonly Measurement[], took: number): string {
  const { frames, rates } = measurements[0]!;
  const { heart, breathing } = rates;
  const [duration, seconds] = [(frames.found.length / frames.fs).toFixed(1), took.toFixed(1)];
  if (measurements.length > 1) return text("finishedPeople", { name: named, duration, seconds, people: measurements.length });
  return text("finished", {
    name: named,
    duration,
    seconds,
    heart: heart.value === null ? text("heartMissing") : text("heartSpoken", { rate: heart.value.toFixed(0) }),
    breathing: breathing.value === null ? text("breathingMissing") : text("breathingSpoken", { rate: breathing.value.toFixed(0) }),
  });
}

function heard(message: FromWorker): void {
  switch (message.kind) {
    case "loading":
      return status(text("loading"), text("loaded", { megabytes: (message.bytes / 1e6).toFixed(1) }));
    case "ready":
      results.units(message.units);
      status(text("ready"));
      document.documentElement.dataset["ready"] = String(Math.round(performance.now()));
      return enter("idle");
    case "progress": {
      if (state !== "file") return;
      const percent = Math.round((100 * message.done) / message.all);
      byId<HTMLProgressElement>("progress").value = percent;
      status(text("reading", { name: named }), text("read", { percent }));
      drawPreview(message.preview);
      return people.boxes(message.places, false);
    }
    case "taken":
      camera.taken();
      return state === "camera" ? people.boxes(message.places, true) : undefined;
    case "live":
      if (state !== "camera") return;
      status(text("live"), text("pace", { fps: message.framesPerSecond.toFixed(0) }));
      people.show(message.measurements);
      return showChosen();
    case "measured": {
      const { measurements, files, places, seconds } = message;
      saved = { name: named, files };
      enter("idle");
      people.show(measurements);
      people.boxes(places, false);
      showChosen();
      status(finished(measurements, seconds));
      const [summary] = Object.keys(files).filter((name) => name.endsWith("measurement.json"));
      document.documentElement.dataset["measured"] = files[summary!];
      return byId("save").focus();
    }
    case "failed":
      problem(problemText(message.reason, message.detail));
      status("");
      byId("progress").hidden = true;
      if (message.reason !== "notLoaded") enter("idle");
  }
}

function listen(): void {
  byId("camera").addEventListener("click", () => void useCamera());
  byId("choose").addEventListener("click", () => file.click());
  byId("stop").addEventListener("click", stop);
  byId("save").addEventListener("click", save);
  file.addEventListener("change", () => {
    const [chosen] = file.files ?? [];
    if (chosen) measureFile(chosen);
    file.value = "";
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  document.addEventListener("dragleave", () => document.body.classList.remove("dropping"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    const [chosen] = event.dataTransfer?.files ?? [];
    if (chosen) measureFile(chosen);
  });
}

async function start(): Promise<void> {
  if (!("VideoFrame" in globalThis && "VideoDecoder" in globalThis)) return problem(problemText("oldBrowser", ""));
  listen();
  status(text("loading"));
  await goOffline();
  worker = new Worker("work.js", { type: "module" });
  worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => heard(data));
  worker.addEventListener("error", (event) => heard({ kind: "failed", reason: state === "loading" ? "notLoaded" : "unexpected", detail: event.message }));
  tell({ kind: "load", home: new URL("./", location.href).href });
}

void start();

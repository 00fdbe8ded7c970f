/** A bundle's networks and the face detector on ONNX Runtime Web, as bundle.json describes them. */

import * as ort from "onnxruntime-web/wasm";
import type { InputShape } from "../rules/blocks.ts";
import type { Preprocessing } from "../rules/changes.ts";
import type { Crop } from "../rules/crop.ts";
import { type FaceDetector, faceDetector } from "../rules/detector.ts";
import type { LogisticModel } from "../rules/logistic.ts";
import type { Clips, Runtime, Task } from "../rules/phases.ts";
import type { LoadedBundle, Networks } from "../rules/pipeline.ts";
import rules from "../rules/rules.json";
import { unpacked } from "./unpacking.ts";

/** One network in bundle.json; its graph says whether it takes Big or Small frames. */
interface Entry {
  readonly name: string;
  readonly config: { readonly tasks: readonly Task[]; readonly clip_length: number; readonly big_stride: number; readonly big_size: number; readonly small_size: number };
  readonly weights: string;
  readonly weights_sha256: string;
  readonly onnx: string;
  readonly onnx_sha256: string;
}

/** A bundle's form in 8 bits, int8.json: graphs that hold their weights, by the names of the networks that have one. */
interface Int8Form {
  readonly bundle_sha256: string;
  readonly networks: Readonly<Record<string, { readonly onnx: string; readonly onnx_sha256: string }>>;
}

interface SlowDescription {
  readonly fs: number;
  readonly crop: Crop;
  readonly networks: readonly Entry[];
  /** Bundles that were written without one have none. */
  readonly confidence?: LogisticModel | null;
}

interface Description {
  readonly format: number;
  readonly name: string;
  readonly fs: number;
  readonly crop: Crop;
  readonly big_crop: Crop | null;
  readonly square: string;
  readonly preprocessing: Preprocessing;
  readonly networks: readonly Entry[];
  readonly slow: SlowDescription | null;
  readonly memory: { readonly networks: readonly Entry[]; readonly confidence: LogisticModel | null } | null;
  readonly unit_auc: Readonly<Record<string, number>>;
}

/** Called with the bytes loaded so far, and whether the networks are being started. */
export type Loading = (bytes: number) => void;

/** Clips per call of a network, as in Python: more cost memory and bring no speed. */
const BATCH = 4;

/** Axes of a graph's Small input that takes phases. */
const PHASED_RANK = 6;

interface Network {
  readonly entry: Entry;
  readonly session: ort.InferenceSession;
  readonly usesBig: boolean;
  readonly usesSmall: boolean;
  readonly phased: boolean;
}

/** Load everything below an address that ends in a slash. */
export async function loadNetworks(home: string, loading: Loading): Promise<{ bundle: LoadedBundle; detector: FaceDetector }> {
  const files = new Files(home, loading);
  ort.env.wasm.wasmPaths = { mjs: `${home}ort-wasm-simd-threaded.mjs` };
  ort.env.wasm.numThreads = globalThis.crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, 4) : 1;
  const [program, content] = await Promise.all([files.read("ort-wasm-simd-threaded.wasm.xz"), files.read("bundle/bundle.json")]);
  ort.env.wasm.wasmBinary = program;
  const info = JSON.parse(new TextDecoder().decode(content)) as Description;
  if (info.format !== 1 || info.square !== "face") throw new Error(`the bundle '${info.name}' is of a kind that this page cannot run`);
  const sha256 = await digestOf(content);
  const int8 = await int8Form(files, sha256);
  const [detector, fast, slow, memory] = await Promise.all([
    files.read("rfb_320.onnx.xz").then((graph) => sessionOf(graph)),
    started(files, info.networks, int8),
    started(files, info.slow?.networks ?? [], int8),
    started(files, info.memory?.networks ?? [], int8),
  ]);
  const crops = (other: Crop | null) => (other ? ([info.crop, other] as const) : null);
  const bundle: LoadedBundle = {
    name: info.name,
    sha256,
    precision: int8 ? "int8" : "fp32",
    fs: info.fs,
    crop: info.crop,
    unitAuc: info.unit_auc,
    fast: networksOf(fast, info.preprocessing, crops(info.big_crop)),
    slow: info.slow && { ...networksOf(slow, "default", null, crops(info.slow.crop)), fs: info.slow.fs, confidence: info.slow.confidence ?? null },
    memory: info.memory && { ...networksOf(memory, "default", null), confidence: info.memory.confidence },
  };
  return { bundle, detector: faceDetector(async (canvas) => detectorRows(detector, canvas)) };
}

/** The bundle's form in 8 bits; null where the site has none, and gives the bundle's own graphs and weights. */
async function int8Form(files: Files, sha256: string): Promise<Int8Form | null> {
  const content = await files.read("bundle/int8.json").catch(() => null);
  if (!content) return null;
  const form = JSON.parse(new TextDecoder().decode(content)) as Int8Form;
  if (form.bundle_sha256 !== sha256) throw new Error("int8.json belongs to another bundle");
  return form;
}

/** Files below the page's address; those of the bundle must be the ones that bundle.json describes. */
class Files {
  private bytes = 0;

  constructor(
    private readonly home: string,
    private readonly loading: Loading,
  ) {}

  async read(path: string, sha256?: string): Promise<Uint8Array<ArrayBuffer>> {
    const answer = await fetch(this.home + path + (sha256 ? `?${sha256.slice(0, 16)}` : ""));
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${answer.statusText}`);
    const found = new Uint8Array(await answer.arrayBuffer());
    const content = await unpacked(found);
    if (sha256 && (await digestOf(content)) !== sha256) throw new Error(`${path} is not the file that bundle.json describes`);
    this.bytes += found.length;
    this.loading(this.bytes);
    return content;
  }
}

async function digestOf(content: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Sessions start one after the other: ONNX Runtime forgets all weights beside a graph as soon as one has started. */
let last: Promise<unknown> = Promise.resolve();

function sessionOf(graph: Uint8Array, externalData: ort.InferenceSession.SessionOptions["externalData"] = []): Promise<ort.InferenceSession> {
  const session = last.then(() => ort.InferenceSession.create(graph, { externalData, extra: { session: { intra_op: { allow_spinning: "0" } } } }));
  last = session.catch(() => undefined);
  return session;
}

async function started(files: Files, entries: readonly Entry[], int8: Int8Form | null): Promise<Network[]> {
  return Promise.all(
    entries.map(async (entry) => {
      const session = await startedSession(files, entry, int8);
      const small = session.inputMetadata.find((input) => input.name === "small");
      return {
        entry,
        session,
        usesBig: session.inputNames.includes("big"),
        usesSmall: small !== undefined,
        phased: small !== undefined && small.isTensor && small.shape.length === PHASED_RANK,
      };
    }),
  );
}

async function startedSession(files: Files, entry: Entry, int8: Int8Form | null): Promise<ort.InferenceSession> {
  const form = int8?.networks[entry.name];
  if (form) return sessionOf(await files.read(`bundle/${form.onnx}`, form.onnx_sha256));
  const [graph, weights] = await Promise.all([
    files.read(`bundle/${entry.onnx}`, entry.onnx_sha256),
    files.read(`bundle/${entry.weights}`, entry.weights_sha256),
  ]);
  return sessionOf(graph, [{ path: entry.weights, data: weights }]);
}

function networksOf(
  networks: readonly Network[],
  preprocessing: Preprocessing,
  bigCrop: InputShape["bigCrop"],
  wideCrop: InputShape["wideCrop"] = null,
): Networks {
  const { config } = networks[0]!.entry;
  const strides = networks.filter((network) => network.usesBig).map((network) => network.entry.config.big_stride);
  const bigStride = strides.length ? strides.reduce(commonDivisor) : 0;
  const tasks = new Map<string, Task>();
  for (const task of networks.flatMap(({ entry }) => entry.config.tasks)) {
    if (task.labels.length > (tasks.get(task.name)?.labels.length ?? 0)) tasks.set(task.name, task);
  }
  const shape = { clipLength: config.clip_length, bigStride, bigSize: config.big_size, smallSize: config.small_size, preprocessing, bigCrop, wideCrop };
  return { shape, tasks: [...tasks.values()], runtime: runtimeOf(networks, shape) };
}

function commonDivisor(one: number, other: number): number {
  return other ? commonDivisor(other, one % other) : one;
}

/** Outputs of a task, as rows of so many columns. */
interface Output {
  readonly columns: number;
  readonly values: Float32Array;
}

/** Runs networks that take the same inputs, and averages those with the same task, of which one may have only the first outputs. */
function runtimeOf(networks: readonly Network[], shape: InputShape): Runtime {
  return {
    async run(clips) {
      const batches = new Map<string, Float32Array[]>();
      for (let start = 0; start < clips.clips; start += BATCH) {
        const batch = batchOf(clips, start, Math.min(start + BATCH, clips.clips));
        const answers = new Map<string, Output[]>();
        for (const network of networks) {
          for (const [task, output] of await runNetwork(network, batch, shape)) answers.set(task, [...(answers.get(task) ?? []), output]);
        }
        for (const [task, outputs] of answers) batches.set(task, [...(batches.get(task) ?? []), meanOf(outputs)]);
      }
      return new Map([...batches].map(([task, parts]) => [task, joined(parts)]));
    },
  };
}

function batchOf({ big, small, clips, phases }: Clips, start: number, stop: number): Clips {
  const part = (values: Float32Array) => values.subarray((values.length / clips) * start, (values.length / clips) * stop);
  return { big: part(big), small: part(small), clips: stop - start, phases };
}

/** The mean of each column over the networks that have it. */
function meanOf(outputs: readonly Output[]): Float32Array {
  const columns = Math.max(...outputs.map((output) => output.columns));
  const all = new Float32Array((outputs[0]!.values.length / outputs[0]!.columns) * columns);
  for (let i = 0; i < all.length; i++) {
    const column = i % columns;
    const row = (i - column) / columns;
    const known = outputs.filter((output) => column < output.columns);
    all[i] = known.reduce((sum, output) => sum + output.values[row * output.columns + column]!, 0) / known.length;
  }
  return all;
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Outputs (clips, phases, N, C) of one network, by task. */
async function runNetwork(network: Network, clips: Clips, shape: InputShape): Promise<[string, Output][]> {
  const { entry, session, usesBig, usesSmall, phased } = network;
  const { clip_length: n, big_size: size, small_size: side, tasks } = entry.config;
  const bigFrames = usesBig ? n / entry.config.big_stride : 0;
  const repeated = usesBig && usesSmall && !phased ? clips.phases : 1;
  const feeds: Record<string, ort.Tensor> = {};
  if (usesBig) {
    const every = entry.config.big_stride / shape.bigStride;
    const sharp = pickedFrames(clips.big, 3 * size * size, n / shape.bigStride, every, repeated);
    feeds["big"] = new ort.Tensor("float32", sharp, [clips.clips * repeated, bigFrames, 3, size, size]);
  }
  if (usesSmall) {
    const axes = phased ? [clips.clips, clips.phases] : [clips.clips * clips.phases];
    feeds["small"] = new ort.Tensor("float32", clips.small.slice(), [...axes, n, 3, side, side]);
  }
  const answers = await session.run(feeds);
  return tasks.map(({ name, labels }) => {
    const output = answers[name]!.data as Float32Array;
    // What depends on Big frames alone is the same in every phase.
    return [name, { columns: labels.length, values: usesSmall ? output : repeatedParts(output, clips.clips, clips.phases) }];
  });
}

/** Every n-th Big frame of each clip, each clip as often as wanted. */
function pickedFrames(big: Float32Array, values: number, frames: number, every: number, times: number): Float32Array {
  if (every === 1 && times === 1) return big.slice();
  const clips = big.length / (values * frames);
  const kept = Math.ceil(frames / every);
  const picked = new Float32Array(clips * times * kept * values);
  let at = 0;
  for (let clip = 0; clip < clips; clip++) {
    for (let time = 0; time < times; time++) {
      for (let frame = 0; frame < frames; frame += every, at += values) {
        const from = (clip * frames + frame) * values;
        picked.set(big.subarray(from, from + values), at);
      }
    }
  }
  return picked;
}

function repeatedParts(output: Float32Array, clips: number, times: number): Float32Array {
  const each = output.length / clips;
  const all = new Float32Array(output.length * times);
  for (let clip = 0; clip < clips; clip++) {
    for (let time = 0; time < times; time++) all.set(output.subarray(clip * each, (clip + 1) * each), (clip * times + time) * each);
  }
  return all;
}

async function detectorRows(session: ort.InferenceSession, canvas: Float32Array): Promise<Float32Array> {
  const { height, width } = rules.detector;
  const answers = await session.run({ [session.inputNames[0]!]: new ort.Tensor("float32", canvas, [1, height, width, 3]) });
  return answers[session.outputNames[0]!]!.data as Float32Array;
}

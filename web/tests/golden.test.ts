/** The page's rules against what the Python rules answer; see scripts/web/golden.py, which writes golden.json. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { InputCollector } from "../src/rules/blocks.ts";
import { breathEvidence, rhythmOf, shouldersOf } from "../src/rules/breath_evidence.ts";
import { PulseJudge, evidenceOf } from "../src/rules/confidence.ts";
import { lookOf } from "../src/rules/appearance.ts";
import { combFiltered } from "../src/rules/comb_filter.ts";
import { recrop } from "../src/rules/crop.ts";
import { CutFinder } from "../src/rules/cuts.ts";
import { boxesOf, faceDetector } from "../src/rules/detector.ts";
import { unitEvents } from "../src/rules/events.ts";
import { evenDifferences } from "../src/rules/even_differences.ts";
import { readExpressions } from "../src/rules/expressions.ts";
import { resultFiles } from "../src/rules/files.ts";
import { type Still, gridFrames, timedGrid } from "../src/rules/grid.ts";
import type { Image } from "../src/rules/image.ts";
import type { Judge } from "../src/rules/judging.ts";
import { type LogisticModel, intervalWidth, probability } from "../src/rules/logistic.ts";
import type { Measurement } from "../src/rules/measurement.ts";
import { roundEven } from "../src/rules/numbers.ts";
import { general } from "../src/rules/number_text.ts";
import { othersNote } from "../src/rules/people.ts";
import { PeopleTracker } from "../src/rules/people_tracker.ts";
import type { Clips, Runtime, Task } from "../src/rules/phases.ts";
import type { LoadedBundle } from "../src/rules/pipeline.ts";
import { type Rate, estimateRate, ratesAlong } from "../src/rules/rate.ts";
import { LIGHT, lightOf } from "../src/rules/readings.ts";
import { measureRecording } from "../src/rules/recording.ts";
import { areaResize } from "../src/rules/resize.ts";
import { type Quantity, SETTINGS } from "../src/rules/settings.ts";
import { ShoulderJudge } from "../src/rules/shoulder_judge.ts";
import { pooledSpectrum } from "../src/rules/spectra.ts";
import { Stream } from "../src/rules/stream.ts";
import { cleanWaveform } from "../src/rules/waveform.ts";
import golden from "./golden.json";

const NEAR = 1e-5;
const model = golden.model as unknown as LogisticModel;
const breathModel = golden.breath_model as unknown as LogisticModel;

/** Everything alike, numbers to 1e-5; null stands for what is not finite. */
function alike(found: unknown, expected: unknown, place: string, near = NEAR): void {
  if (typeof expected === "number") {
    assert.equal(typeof found, "number", place);
    const apart = Math.abs((found as number) - expected);
    assert.ok(apart <= near * Math.max(1, Math.abs(expected)), `${place}: ${String(found)}, expected ${expected}`);
  } else if (expected === null && typeof found === "number") {
    assert.ok(!Number.isFinite(found), `${place}: ${found}, expected nothing`);
  } else if (Array.isArray(expected)) {
    const list = Array.from(found as ArrayLike<unknown>);
    assert.equal(list.length, expected.length, `${place}: length`);
    expected.forEach((value, i) => alike(list[i], value, `${place}[${i}]`, near));
  } else if (expected && typeof expected === "object") {
    const fields = found as Record<string, unknown>;
    assert.deepEqual(Object.keys(fields).sort(), Object.keys(expected).sort(), place);
    for (const [name, value] of Object.entries(expected)) alike(fields[name], value, `${place}.${name}`, near);
  } else {
    assert.equal(found, expected, place);
  }
}

/** Every n-th row of a table with so many columns, as rows. */
function rows(values: ArrayLike<number>, columns: number, step: number): number[][] {
  const found: number[][] = [];
  for (let row = 0; row * columns < values.length; row += step) {
    found.push(Array.from({ length: columns }, (_, column) => values[row * columns + column]!));
  }
  return found;
}

const every = (values: ArrayLike<number>, step: number): number[] => Array.from(values).filter((_, i) => i % step === 0);

function drawn(height: number, width: number, value: (y: number, x: number, c: number) => number): Image {
  const data = new Uint8Array(height * width * 3);
  for (let y = 0, i = 0; y < height; y++) for (let x = 0; x < width; x++) for (let c = 0; c < 3; c++) data[i++] = value(y, x, c);
  return { width, height, data };
}

const picture = (t: number, height: number, width: number): Image =>
  drawn(height, width, (y, x, c) => (x * 73 + y * 151 + c * 199 + t * (3 + ((x * y) % 11))) % 256);

function beating(t: number, height: number, width: number): Image {
  const slow = 2 * Math.sin((2 * Math.PI * 0.25 * t) / 30);
  const fast = Math.sin((2 * Math.PI * 1.2 * t) / 30);
  return drawn(height, width, (y, x, c) =>
    Math.floor(120 + 40 * Math.sin(x / 7) + 30 * Math.cos(y / 5) + 4 * (fast * (1 + c) + slow * (y / height)) + 0.5),
  );
}

/** Frames with hard cuts: a scene, the same one inverted, and the first one again. */
function film(t: number, height: number, width: number): Image {
  const frame = beating(t, height, width);
  const inverted = t >= 250 && t < 400;
  return inverted ? { ...frame, data: frame.data.map((value) => 255 - value) } : frame;
}

function noise(n: number, seed: number): Float64Array {
  let state = seed;
  return Float64Array.from({ length: n }, () => {
    state = (state * 16807) % 2147483647;
    return (state / 2147483647) * 2 - 1;
  });
}

const times = (n: number) => Float64Array.from({ length: n }, (_, i) => i / 29 + 0.004 * Math.sin(i * 1.7) + (i > n / 2 ? 0.02 : 0));
const steady = (n: number) => Float64Array.from({ length: n }, (_, i) => roundEven((i * 1000) / 60) / 1000);
const holed = (n: number) => Float64Array.from({ length: n }, (_, i) => i / 25 + (i >= 50 ? 2 : 0) + 0.015 * (i % 2));

function wave(n: number, fs: number, hz: number, much: number, seed: number): Float64Array {
  const at = (t: number) => Math.sin((2 * Math.PI * hz * t) / fs);
  return noise(n, seed).map((value, t) => at(t + 1) - at(t) + much * value);
}

const gap = wave(600, 30, 1.3, 0.05, 5).fill(NaN, 200, 290);
const slowBeat = (t: number) => 0.9 * Math.sin((2 * Math.PI * 0.75 * t) / 30) + Math.sin((2 * Math.PI * 1.5 * t) / 30);
const WAVES: Record<keyof typeof golden.rates, [Float64Array, number, Quantity]> = {
  clear: [wave(450, 30, 1.2, 0.02, 1), 30, "heart"],
  noisy: [wave(450, 30, 1.2, 1, 2), 30, "heart"],
  gap: [gap, 30, "heart"],
  slow: [Float64Array.from({ length: 900 }, (_, t) => slowBeat(t + 1) - slowBeat(t)), 30, "heart"],
  short: [wave(100, 30, 1.2, 0.02, 3), 30, "heart"],
  breath: [wave(1500, 30, 0.25, 0.01, 4), 30, "breathing"],
  brief: [wave(300, 30, 0.25, 0.01, 4), 30, "breathing"],
  flat: [new Float64Array(450), 30, "heart"],
  seldom: [wave(60, 4, 0.5, 0, 6), 4, "heart"],
};

function ratesOf(difference: Float64Array, fs: number, quantity: Quantity, judge: Judge | null, cuts: readonly number[] = []) {
  const along = ratesAlong(difference, fs, quantity, judge, cuts);
  return { whole: listed(estimateRate(difference, fs, quantity, judge, cuts)), value: along.value, quality: along.quality };
}

const listed = (rate: Rate): unknown[] => [rate.value, rate.quality, rate.note, rate.estimate, rate.interval];

test("resizing and cropping", () => {
  const sizes: [[number, number], [number, number]][] = [[[50, 40], [9, 9]], [[201, 201], [24, 24]], [[20, 20], [36, 36]], [[144, 144], [9, 9]]];
  sizes.forEach(([size, [height, width]], i) => {
    const found = areaResize(picture(0, ...size), height, width);
    alike(rows(found, 3, 1), golden.resize[i]!.flat(), `resize ${i}`);
  });
  const squares: [number, number, number][] = [[10, 20, 101], [500, 300, 140], [300, 100, 333]];
  const found = squares.map(([x, y, size]) => recrop({ x, y, size }, { factor: 1, down: 0 }, { factor: 2, down: 0.4 }, 640, 480));
  alike(found.map(({ x, y, size }) => [x, y, size]), golden.recrop, "recrop");
});

test("blocks of inputs", () => {
  [undefined, 20].forEach((memory, i) => {
    const shape = { clipLength: 3, bigStride: 3, bigSize: 16, smallSize: 9, preprocessing: "default", bigCrop: [{ factor: 1, down: 0 }, { factor: 1.3, down: 0 }], wideCrop: null } as const;
    const collector = new InputCollector(shape, 9, memory);
    const blocks = [];
    for (let t = 0; t < 14; t++) blocks.push(collector.add(beating(t, 50, 60), t === 10 ? null : { x: t > 5 ? 6 : 5, y: 7, size: 30 }));
    blocks.push(collector.flush());
    const found = blocks.flatMap((block) => {
      if (!block) return [];
      const small = rows(block.small, 243, 1).map((row) => every(row, 10));
      const big = rows(block.big(0, block.clips), 768, 1).map((row) => every(row, 37));
      return [{ frames: block.frames, has_motion: block.hasMotion, shown: block.shown, small, big }];
    });
    // Big frames wait as 16-bit numbers: a rounding apart is one step of them.
    alike(found, golden.blocks[i], `blocks ${i}`, 2e-4);
  });
});

test("waveforms and rates", () => {
  for (const [name, [difference, fs, quantity]] of Object.entries(WAVES)) {
    alike(cleanWaveform(difference, fs, quantity), golden.waveforms[name as keyof typeof golden.waveforms], name);
    alike(ratesOf(difference, fs, quantity, null), golden.rates[name as keyof typeof golden.rates], name);
  }
});

test("a comb filter around the rate", () => {
  const [difference, fs, quantity] = WAVES.gap;
  const clean = cleanWaveform(difference, fs, quantity);
  const whole = estimateRate(difference, fs, quantity, null, []);
  const along = ratesAlong(difference, fs, quantity, null, []);
  const nowhere = along.value.map(() => NaN);
  const cases = {
    along: [whole, along.value],
    early: [whole, along.value.map((value, i) => (i < 3 ? value + 1.5 * i : NaN))],
    whole: [whole, nowhere],
    nowhere: [{ ...whole, value: null }, nowhere],
  } as const;
  for (const [name, [rate, value]] of Object.entries(cases)) {
    const combed = combFiltered(clean, fs, rate, { value, quality: along.quality }, SETTINGS.heart);
    alike(combed, golden.combed[name as keyof typeof cases], name);
  }
});

function readings(n: number): Float64Array[] {
  const phase = (t: number) => Math.sin((2 * Math.PI * 1.2 * t) / 30);
  return Array.from({ length: 4 + LIGHT.length }, (_, i) =>
    noise(n, 40 + i).map((value, t) => (phase(t + 1) - phase(t)) * (1 + 0.1 * i) + 0.1 * (i % 5) * value),
  );
}

test("the probability of a heart rate", () => {
  const [difference, fs, quantity] = WAVES.clear;
  const table = readings(difference.length);
  const pooled = pooledSpectrum(cleanWaveform(difference, fs, quantity), fs, SETTINGS.heart, [])!;
  const peak = { frequencies: pooled.frequencies, power: pooled.power, rateHz: 1.21, lobeHz: 0.15, noiseSlope: 2 };
  const evidence = evidenceOf({ difference, fs, peak }, table);
  alike(evidence, golden.judged.evidence, "evidence");
  alike(probability(model, evidence), golden.judged.probability, "probability");
  const linear = { ...model, products: [] };
  alike(probability({ ...linear, products: undefined } as unknown as LogisticModel, evidence), probability(linear, evidence), "linear");
  alike([0, 0.5, 0.9, 1].map((one) => intervalWidth(model, one)), golden.judged.width, "width");
  alike(ratesOf(difference, fs, quantity, new PulseJudge(table, model)), golden.judged.rates, "judged");
  const without = table.map((column, i) => (i === 3 ? column.map(() => NaN) : column));
  const interrupted = difference.slice().fill(NaN, 100, 130);
  alike(ratesOf(interrupted, fs, quantity, new PulseJudge(table, model), [130, 330]), golden.judged.cut, "cut");
  alike(ratesOf(interrupted, fs, quantity, null, [130, 330]), golden.judged.cut_unjudged, "cut, unjudged");
  alike(ratesOf(interrupted, fs, quantity, new PulseJudge(without, model)), golden.judged.without_other, "without the other");
});

/** A picture that beats 72 times and breathes 15 times a minute; its lower part moves, the upper part hardly. */
function swaying(t: number, fs: number, height: number, width: number): Image {
  const breath = Math.sin((2 * Math.PI * 0.25 * t) / fs);
  const pulse = Math.sin((2 * Math.PI * 1.2 * t) / fs);
  return drawn(height, width, (y, x, c) => {
    const down = breath * (y > 0.6 * height ? 0.5 : 0.05);
    return Math.floor(120 + 50 * Math.sin((y - down) / 5 + x / 9) + 8 * breath + 4 * (pulse * (1 + c)) + 0.5);
  });
}

test("how the shoulders move", () => {
  const wideCrop = [{ factor: 1, down: 0 }, { factor: 2, down: 0.4 }] as const;
  const shape = { clipLength: 1, bigStride: 0, bigSize: 73, smallSize: 9, preprocessing: "default", bigCrop: null, wideCrop } as const;
  const collector = new InputCollector(shape, 60);
  for (let t = 0; t < 20; t++) {
    const square = { x: t > 6 ? 41 : 40, y: t > 15 ? 66 : 16, size: 40 };
    collector.add(swaying(t, 5, 110, 120), t === 4 ? null : square);
  }
  // They are about a thousandth.
  alike(rows(collector.flush()!.shifts!, 2, 1), golden.shifts, "shifts", 1e-8);
});

/** Shifts of shoulders and of what is above them, whose breath is 15 a minute. */
function shoulderShifts(): Record<Exclude<keyof typeof golden.breathing, "cut" | "noisy">, [Float64Array, Float64Array]> {
  const swing = (rate: number, much: number) => wave(1125, 25, rate / 60, 0, 1).map((value) => much * value);
  const still = noise(1125, 21).map((value) => 1e-5 * value);
  const faster = swing(25, 0.0045);
  const seldom = swing(15, 0.006).fill(NaN, 300);
  return {
    agree: [swing(15, 0.006).map((value, t) => value + still[t]!), still],
    gap: [swing(15, 0.006).fill(NaN, 400, 450), still],
    disagree: [swing(9, 0.006), still],
    two: [swing(15, 0.006).map((value, t) => value + faster[t]!), still],
    still: [swing(15, 0.001), still],
    whole: [swing(15, 0.006), swing(15, 0.005)],
    jerk: [swing(15, 0.006).map((value, t) => (t === 300 ? 0.5 : value + 0.002)), still],
    late: [swing(15, 0.009).map((value, t) => (t < 750 ? value / 6 : value)), still],
    seldom: [seldom, still],
    brief: [seldom, still.slice().fill(NaN, 300)],
    unseen: [still.map(() => NaN), still],
  };
}

test("a breathing rate, judged by the shoulders", () => {
  const breath = wave(1125, 25, 0.25, 0.05, 20);
  for (const [name, shifts] of Object.entries(shoulderShifts())) {
    alike(ratesOf(breath, 25, "breathing", new ShoulderJudge(shifts, null)), golden.breathing[name as keyof typeof golden.breathing], name);
  }
  const agreeing = new ShoulderJudge(shoulderShifts().agree, null);
  alike(ratesOf(breath.slice().fill(NaN, 651, 652), 25, "breathing", agreeing, [652]), golden.breathing.cut, "cut");
  alike(ratesOf(wave(1125, 25, 0.25, 0.4, 20), 25, "breathing", agreeing), golden.breathing.noisy, "noisy");
});

test("the probability of a breathing rate", () => {
  const breath = wave(1125, 25, 0.25, 0.05, 20);
  const pooled = pooledSpectrum(cleanWaveform(breath, 25, "breathing"), 25, SETTINGS.breathing, [])!;
  const peak = { frequencies: pooled.frequencies, power: pooled.power, rateHz: 0.2521, lobeHz: 0.04, noiseSlope: 3 };
  const candidate = { difference: breath, fs: 25, peak, settings: SETTINGS.breathing, cuts: [] };
  const expected = golden.breath_probable;
  for (const [name, shifts] of Object.entries(shoulderShifts())) {
    const shoulders = shouldersOf(candidate, shifts);
    const rhythm = rhythmOf(candidate, shoulders);
    const key = name as keyof typeof expected.evidence;
    alike(rhythm && breathEvidence(candidate, shoulders, rhythm), expected.evidence[key], `evidence, ${name}`);
    alike(ratesOf(breath, 25, "breathing", new ShoulderJudge(shifts, breathModel)), expected.rates[key], name);
  }
  const agreeing = new ShoulderJudge(shoulderShifts().agree, breathModel);
  alike(ratesOf(breath.slice().fill(NaN, 651, 652), 25, "breathing", agreeing, [652]), expected.cut, "cut");
});

test("light, and uneven times", () => {
  const small = Float32Array.from(noise(4 * 243, 9));
  alike(rows(lightOf(small, 9), LIGHT.length, 1), golden.light, "light");
  const differences = Float64Array.from({ length: 60 }, (_, i) => Math.sin(i));
  const grid = Float64Array.from({ length: 55 }, (_, i) => i / 30);
  alike(evenDifferences(times(60), differences, grid, 0.5), golden.even, "even");
  [times, steady, holed].forEach((list, i) => {
    const found = timedGrid(list(80), 48);
    alike({ fs: found.fs, positions: found.positions, frames: gridFrames(found), together: found.together }, golden.grids[i], `grid ${i}`);
  });
});

test("cuts", () => {
  const finder = new CutFinder(30);
  const seen = Array.from({ length: 60 }, (_, i) => (i < 30 ? 236 + i : 356 + i));
  assert.deepEqual(
    seen.filter((t) => finder.add(t === 390 ? null : film(t, 200, 300))),
    golden.cuts,
  );
});

test("how people look", () => {
  const boxes = [[40, 30, 30, 36, 0.9], [-4.5, -3, 20, 26, 0.9], [100.5, 70, 30, 30, 0.9]];
  alike(boxes.map((box) => lookOf(picture(0, 90, 120), boxed(box))), golden.looks, "looks");
});

const SKINS = [[200, 130, 100], [90, 60, 45], [40, 60, 120], [120, 110, 80]];
const CROWD_CUT = 140;

/** Who is in frame t, with the box that the detector is made to find. */
function crowdAt(t: number): [number, number[]][] {
  const people: [number, number[]][] = [];
  if (!(t >= 70 && t < 100) && t < 170) {
    const left = 20 + (t > 40 ? 12 : 0) + (t >= 100 ? 22 : 0) - (t >= CROWD_CUT ? 30 : 0);
    people.push([t >= 100 ? 3 : 0, [left, 10, 30, 40, t > 10 && t < 25 ? 0.5 : 0.95]]);
  }
  if (t >= 30) people.push([1, [Math.max(86 - 0.8 * Math.max(t - 120, 0), 62), 12, 24, 30, 0.9]]);
  if (t >= 145 && t < 195) people.push([2, [4, 45, 20, 26, 0.8]]);
  return people;
}

function crowd(t: number): Image {
  const people = crowdAt(t).reverse();
  return drawn(90, 120, (y, x, c) => {
    if (y === 0 && x === 0) return t;
    const [who] = people.find(([, [left, top, width, height]]) => {
      const [right, bottom] = [Math.trunc(left! + width!), Math.trunc(top! + height!)];
      return x >= Math.trunc(left!) && x < right && y >= Math.trunc(top!) && y < bottom;
    }) ?? [null];
    return who === null ? 60 + ((x * 3 + y * 5 + c * 7) % 40) : SKINS[who]![c]!;
  });
}

const boxed = ([x, y, width, height, score]: number[]) => ({ x: x!, y: y!, width: width!, height: height!, score: score! });

test("following everyone", async () => {
  const detector = {
    detect: async (image: Image, minScore: number) =>
      crowdAt(image.data[0]!)
        .map(([, box]) => boxed(box))
        .filter((box) => box.score >= minScore),
  };
  const tracker = new PeopleTracker(30, 1.2, detector);
  for (let t = 0; t < 200; t++) await tracker.locate(t === 5 ? null : crowd(t), t === CROWD_CUT);
  const people = tracker.people.map(({ squares, found, detections, doubts }) => ({
    squares: squares.filter((_, t) => t % 3 === 0).map((square) => square && [square.x, square.y, square.size]),
    found: found.map(Number),
    detections,
    doubts,
  }));
  alike({ needed: tracker.seen.needed, people }, golden.crowd, "crowd");
  assert.equal(othersNote(3), golden.others);
});

function detectorRows(): Float32Array {
  const found = Array.from({ length: 12 }, (_, i) => [0, 0.9 - 0.03 * i, 0.1 + 0.02 * i, 0.2, 0.3 + 0.02 * i, 0.6]);
  return Float32Array.from([...found, [0, 0.99, 0.6, 0.1, 0.9, 0.7], [0.9, 0.1, 0, 0, 1, 1]].flat());
}

test("finding faces", async () => {
  let canvas = new Float32Array(0);
  const detector = faceDetector(async (given) => {
    canvas = Float32Array.from(given);
    return detectorRows();
  });
  const boxes = await detector.detect(picture(0, 400, 300), 0.7);
  alike(boxes.map(({ x, y, width, height, score }) => [x, y, width, height, score]), golden.detected.boxes, "boxes");
  alike(every(canvas, 1009), golden.detected.canvas, "canvas");
  assert.deepEqual(boxesOf(new Float32Array(0), 0.7, 10, 10), []);
});

test("expressions", () => {
  ([[90, []], [400, []], [800, [350]]] as [number, number[]][]).forEach(([frames, cuts], i) => {
    const found = Array.from({ length: frames }, (_, t) => t % 50 > 2);
    const table = (value: (t: number, c: number) => number) => ({
      columns: 3,
      values: Float64Array.from({ length: 3 * frames }, (_, at) => {
        const t = Math.floor(at / 3);
        return found[t] ? Math.fround(value(t, at % 3)) : NaN;
      }),
    });
    const outputs = new Map([
      ["au", table((t, c) => Math.sin(t / 9 + c) * 4 + c - 2)],
      ["intensity", table((t, c) => Math.sin(t / 7 + c) * 3 + 1)],
      ["head_pose", table((t, c) => [35 * Math.sin(t / 20), 10 * Math.cos(t / 11), t / 30][c]!)],
    ]);
    const labels = new Map(TASKS.slice(1).map((task) => [task.name, task.labels]));
    const read = readExpressions(outputs, labels, found, 30, cuts);
    const answer = {
      probability: rows(read.probability.values, 3, 7),
      intensity: rows(read.intensity.values, 3, 7),
      pose: rows(read.headPose.values, 3, 7),
      neutral: read.neutral,
      choice: read.neutralChoice,
      notes: read.notes,
    };
    alike(answer, golden.expressions[i], `expressions ${i}`);
  });
});

const TASKS: Task[] = [
  { name: "pulse", kind: "waveform", labels: ["pulse"] },
  { name: "au", kind: "binary", labels: ["AU01", "AU12", "AU45"] },
  { name: "intensity", kind: "level", labels: ["AU01", "AU12", "AU12_L"] },
  { name: "head_pose", kind: "level", labels: ["pitch", "yaw", "roll"] },
];
const RESPIRATION: Task = { name: "respiration", kind: "waveform", labels: ["respiration"] };

/** Stands for networks: sums of their inputs, as in golden.py. */
function madeUp(tasks: readonly Task[], n: number): Runtime {
  return {
    async run({ big, small, clips, phases }: Clips) {
      const value = new Float64Array(clips * phases * n);
      const each = big.length / clips;
      for (let clip = 0; clip < clips; clip++) {
        let seen = 0;
        for (let i = 0; i < each; i += 5) seen += big[clip * each + i]!;
        for (let at = clip * phases * n; at < (clip + 1) * phases * n; at++) {
          let moved = 0;
          for (let i = 0; i < 243; i++) moved += small[at * 243 + i]!;
          value[at] = (moved / 243) * (1 + 0.1 * (at % n)) + 0.001 * seen;
        }
      }
      return new Map(
        tasks.map(({ name, labels }) => [
          name,
          Float32Array.from({ length: value.length * labels.length }, (_, at) => {
            const c = at % labels.length;
            return value[Math.floor(at / labels.length)]! * (1 + c) - 0.5 * c;
          }),
        ]),
      );
    },
  };
}

function madeUpBundle(): LoadedBundle {
  const crop = { factor: 1, down: 0 };
  const shape = (clipLength: number, bigStride: number) => ({ clipLength, bigStride, bigSize: 16, smallSize: 9, preprocessing: "default" as const, bigCrop: null, wideCrop: null });
  return {
    name: "golden",
    sha256: "0".repeat(64),
    precision: "fp32",
    fs: 30,
    crop,
    unitAuc: { AU12: 0.9 },
    fast: { shape: { ...shape(3, 3), bigCrop: [crop, { factor: 1.3, down: 0 }] }, tasks: TASKS, runtime: madeUp(TASKS, 3) },
    slow: { shape: { ...shape(15, 0), wideCrop: [crop, { factor: 2, down: 0.4 }] }, tasks: [RESPIRATION], runtime: madeUp([RESPIRATION], 15), fs: 5, confidence: breathModel },
    memory: { shape: shape(64, 0), tasks: [TASKS[0]!], runtime: madeUp([TASKS[0]!], 64), confidence: model },
  };
}

const oneFace = { detect: async () => [boxed([14, 6, 30, 36, 0.95])] };

function measured(measurement: Measurement, expected: typeof golden.recording, place: string): void {
  const { rates, waveforms, along, expressions, units, frames } = measurement;
  const answer = {
    heart: listed(rates.heart),
    breathing: listed(rates.breathing),
    pulse: every(waveforms.heart, 9),
    respiration: every(waveforms.breathing, 9),
    heart_along: along.heart.value,
    breathing_along: along.breathing.value,
    probability: rows(expressions.probability.values, 3, 11),
    units: Object.fromEntries(
      Object.entries(units).map(([label, unit]) => [
        label,
        [unit.mean_probability, unit.active_fraction, unit.mean_intensity, unit.auc, unit.neutral],
      ]),
    ),
    squares: frames.squares.filter((_, t) => t % 50 === 0).map((square) => (square ? [square.x, square.y, square.size] : [-1, -1, -1])),
    blinks: measurement.blinksPerMinute,
    notes: [...frames.notes, ...expressions.notes],
  };
  const { files, ...numbers } = expected;
  alike(answer, numbers, place, 2e-5);
  for (const [name, lines] of Object.entries(files)) sameText(resultFiles(measurement)[name]!, lines, `${place} ${name}`);
}

/** The same table, in which numbers may differ by one in their last digit, or the same JSON. */
function sameText(text: string, expected: readonly string[], place: string): void {
  if (place.endsWith(".json")) return alike(JSON.parse(text), JSON.parse(expected.join("\n")), place, 2e-5);
  const lines = text.trimEnd().split("\n");
  assert.equal(`${lines.length} lines`, expected[expected.length - 1], place);
  expected.slice(0, -1).forEach((line, i) => {
    const parts = (of: string) => of.split(/(-?\d+\.\d+)/);
    const [found, wanted] = [parts(lines[i]!), parts(line)];
    assert.equal(found.length, wanted.length, `${place}: ${lines[i]!}, expected ${line}`);
    wanted.forEach((part, k) => {
      if (k % 2 === 0) assert.equal(found[k], part, `${place} line ${i + 1}`);
      else assert.ok(Math.abs(Number(found[k]) - Number(part)) <= 1.01e-4 * Math.max(1, Math.abs(Number(part))), `${place}: ${lines[i]!}, expected ${line}`);
    });
  });
}

test("a whole recording", async () => {
  async function* stills(): AsyncGenerator<Still> {
    for (let t = 0; t < 600; t++) yield { position: t, image: beating(t, 48, 64) };
  }
  const grid = { fs: 30, positions: Float64Array.from({ length: 600 }, (_, t) => t), notes: [], together: 1 };
  const done: number[] = [];
  const recording = { source: "array", grid, stills: stills(), notes: [] };
  const [measurement] = await measureRecording(recording, madeUpBundle(), oneFace, "largest", (frames) => done.push(frames));
  measured(measurement!, golden.recording, "recording");
  assert.equal(done.at(-1), 600);
});

test("frames of a camera", async () => {
  const stream = new Stream(madeUpBundle(), oneFace, "largest", 60);
  const stamps = times(700);
  for (let t = 0; t < 700; t++) await stream.push(beating(t, 48, 64), stamps[t]!);
  const [measurement] = await stream.measurements("stream", 20);
  measured(measurement!, golden.stream as typeof golden.recording, "stream");
});

const twoFaces = {
  async detect(image: Image) {
    const boxes = [boxed([14, 6, 24, 30, 0.95]), boxed([42, 20, 16, 18, 0.9])];
    return image.data[0]! >= 128 ? boxes : boxes.slice(0, 1);
  },
};

function brief({ person, frames, rates, waveforms, along, expressions, units }: Measurement) {
  return {
    person,
    cuts: frames.cuts,
    heart: listed(rates.heart),
    breathing: listed(rates.breathing),
    pulse: every(waveforms.heart, 17),
    respiration: every(waveforms.breathing, 23),
    heart_along: along.heart.value,
    breathing_along: along.breathing.value,
    probability: rows(expressions.probability.values, 3, 29),
    pose: rows(expressions.headPose.values, 3, 61),
    neutral: Object.fromEntries(Object.entries(units).map(([label, unit]) => [label, unit.neutral])),
    events: unitEvents({ expressions, frames }).filter((_, i) => i % 5 === 0).map(({ unit, onset, offset }) => [unit, onset, offset]),
    squares: frames.squares.filter((_, t) => t % 20 === 0).map((square) => (square ? [square.x, square.y, square.size] : [-1, -1, -1])),
    notes: [...frames.notes, ...expressions.notes],
  };
}

test("someone whose shoulders are in the picture", async () => {
  const frame = (t: number): Image => {
    const { data, ...size } = swaying(t, 30, 76, 80);
    return { ...size, data: t < 60 ? data.fill(0, 0, 3) : data };
  };
  const lateFace = { detect: async (image: Image) => (image.data[0] ? oneFace.detect() : []) };
  async function* stills(): AsyncGenerator<Still> {
    for (let t = 0; t < 600; t++) yield { position: t, image: frame(t) };
  }
  const grid = { fs: 30, positions: Float64Array.from({ length: 600 }, (_, t) => t), notes: [], together: 1 };
  const found = await measureRecording({ source: "array", grid, stills: stills(), notes: [] }, madeUpBundle(), lateFace, "largest");
  alike(found.map(brief), [golden.breather], "breather", 2e-5);
  const stream = new Stream(madeUpBundle(), lateFace, "largest", 60);
  const stamps = times(600);
  for (let t = 0; t < 600; t++) await stream.push(frame(t), stamps[t]!);
  alike((await stream.measurements("stream", 20)).map(brief), [golden.breather_stream], "breather stream", 2e-5);
});

test("a film with cuts, of several people or the largest", async () => {
  async function* stills(): AsyncGenerator<Still> {
    for (let t = 0; t < 600; t++) yield { position: t, image: film(t, 48, 64) };
  }
  const grid = { fs: 30, positions: Float64Array.from({ length: 600 }, (_, t) => t), notes: [], together: 1 };
  const of = (choice: "all" | "largest") => measureRecording({ source: "array", grid, stills: stills(), notes: [] }, madeUpBundle(), twoFaces, choice);
  alike((await of("all")).map(brief), golden.film, "film", 2e-5);
  alike((await of("largest")).map(brief), [golden.film_of_one], "film of one", 2e-5);
});

test("several people and cuts before a camera", async () => {
  const stream = new Stream(madeUpBundle(), twoFaces, "all", 60);
  const stamps = times(600);
  for (let t = 0; t < 600; t++) await stream.push(film(t, 48, 64), stamps[t]!);
  alike((await stream.measurements("stream", 18)).map(brief), golden.film_stream, "film stream", 2e-5);
});

test("nobody", async () => {
  const grey = { width: 64, height: 48, data: new Uint8Array(64 * 48 * 3).fill(128) };
  async function* stills(): AsyncGenerator<Still> {
    for (let t = 0; t < 60; t++) yield { position: t, image: grey };
  }
  const nobody = { detect: async () => [] };
  const grid = { fs: 30, positions: Float64Array.from({ length: 60 }, (_, t) => t), notes: [], together: 1 };
  const stream = new Stream(madeUpBundle(), nobody, "all", 60);
  for (let t = 0; t < 60; t++) await stream.push(grey, t / 30);
  for (const choice of ["largest", "all"] as const) {
    const found = await measureRecording({ source: "array", grid, stills: stills(), notes: [] }, madeUpBundle(), nobody, choice);
    assert.equal(found.length, 1);
    assert.equal(found[0]!.rates.heart.note, "no face was found");
    assert.equal(found[0]!.person, choice === "all" ? 1 : null);
  }
  assert.equal((await stream.measurements("stream"))[0]!.rates.heart.note, "no face was found");
});

test("numbers as text", () => {
  const cases: [number, string][] = [[0, "0"], [1.5, "1.5"], [-0.000123456789, "-0.000123457"], [1e-7, "1e-07"], [123456789, "1.23457e+08"]];
  for (const [value, text] of cases) assert.equal(general(value, 6), text);
});

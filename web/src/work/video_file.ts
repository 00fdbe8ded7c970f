/** A video file as a recording: the times of all its frames first, then the frames one after the other. */

import { BlobSource, EncodedPacketSink, Input, type InputVideoTrack, MATROSKA, MP4, MPEG_TS, QTFF, VideoSampleSink, WEBM } from "mediabunny";
import { type Still, timedGrid } from "../rules/grid.ts";
import { firstAtLeast } from "../rules/numbers.ts";
import type { Recording } from "../rules/recording.ts";
import { pictureOf } from "./pictures.ts";

/** Why a file cannot be measured; `reason` is a name in the page's texts. */
export class FileProblem extends Error {
  constructor(
    readonly reason: "notVideo" | "noDecoder" | "tooShort" | "badTimes",
    readonly detail: string,
  ) {
    super(`${reason}: ${detail}`);
  }
}

const FORMATS = [MP4, QTFF, MATROSKA, WEBM, MPEG_TS];

/** Times closer than this are one frame's, rounded. */
const SAME_S = 1e-4;

export async function openVideoFile(file: File, maxFs: number): Promise<Recording> {
  const track = await videoTrackOf(file);
  const times = await frameTimes(track);
  if (times.length < 2) throw new FileProblem("tooShort", file.name);
  let grid;
  try {
    grid = timedGrid(times, maxFs);
  } catch {
    throw new FileProblem("badTimes", file.name);
  }
  // A frame's place on the grid is that of its time.
  const place = (seconds: number): number => grid.positions[Math.min(firstAtLeast(times, seconds - SAME_S), times.length - 1)]!;
  async function* stills(): AsyncGenerator<Still> {
    for await (const sample of new VideoSampleSink(track).samples()) {
      const frame = sample.toVideoFrame();
      try {
        yield { position: place(sample.timestamp), image: await pictureOf(frame, sample.rotation) };
      } finally {
        frame.close();
        sample.close();
      }
    }
  }
  return { source: file.name, grid, stills: stills(), notes: [] };
}

async function videoTrackOf(file: File): Promise<InputVideoTrack> {
  const input = new Input({ source: new BlobSource(file), formats: FORMATS });
  let track: InputVideoTrack | null;
  try {
    track = await input.getPrimaryVideoTrack();
  } catch {
    throw new FileProblem("notVideo", file.name);
  }
  if (!track) throw new FileProblem("notVideo", file.name);
  if (!(await track.canDecode())) throw new FileProblem("noDecoder", (await track.getCodec()) ?? "?");
  return track;
}

async function frameTimes(track: InputVideoTrack): Promise<Float64Array> {
  const times: number[] = [];
  for await (const packet of new EncodedPacketSink(track).packets(undefined, undefined, { metadataOnly: true })) times.push(packet.timestamp);
  // Frames before 0 are decoded only because others depend on them.
  const sorted = Float64Array.from(times.filter((time) => time > -SAME_S)).sort();
  return sorted.filter((time, i) => i === 0 || time > sorted[i - 1]!);
}

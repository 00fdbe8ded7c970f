"""Where the processor time of `physiocam measure` goes, for several kinds of video.

    python benchmarks/profile_measure.py VIDEO [--against OTHER_SRC] [--seconds 6] [--json docs/profile.json]

VIDEO, a clip with a face, is measured as it is and as a webcam, a phone and a 4K camera would store it. Each is
measured in a process of its own with one thread for the networks; with --against also by the package in another
checkout's src folder, in turn, so that the figures stand side by side. Times are of the processor, so other work on the
machine matters little.
"""

import argparse
import cProfile
import json
import os
import pstats
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import takewhile
from pathlib import Path
from statistics import median
from typing import Any

REPEATS = 3

# Kinds of video: a codec, its options, and a height.
KINDS = {
    "webcam, MJPEG 640 x 480": ("mjpeg", (("qmin", "5"), ("qmax", "5")), 480),
    "phone, H.264 1080p": ("libx264", (("preset", "veryfast"), ("crf", "23")), 1080),
    "4K, HEVC": ("libx265", (("preset", "ultrafast"), ("crf", "28")), 2160),
}

# Stages by the files of the package; what other packages do counts for the file that called them.
STAGES = {
    "networks": ("weights/",),
    "face detector": ("video/face.py", "video/tracker.py", "video/people_tracker.py", "video/appearance.py",
                      "video/followed_face.py"),
    "squares and cuts": ("video/part", "video/lazy_images.py", "video/resize.py", "video/pixels.py", "video/cuts.py"),
    "inputs": ("inputs/",),
    "signals": ("signals/", "measuring/summarize.py"),
}  # fmt: skip
REST = "everything else in this thread"
DECODING = "decoding, in other threads"
START = "start: interpreter and imports"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--against", type=Path, help="src folder of another checkout")
    parser.add_argument("--seconds", type=float, default=6.0, help="of each kind of video")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    # What each process of its own is started with.
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        print(json.dumps(profile(arguments.video)))
        return
    sources = {"now": Path(__file__).parents[1] / "src"}
    if arguments.against:
        sources["before"] = arguments.against
    figures = {}
    with tempfile.TemporaryDirectory() as scratch:
        for kind, path in videos(arguments.video, Path(scratch), arguments.seconds):
            figures[kind] = compared(path, sources)
            print(table(kind, figures[kind]), flush=True)
    if arguments.json:
        from physiocam.foundation.files import complete_file

        with complete_file(arguments.json) as beside:
            beside.write_text(json.dumps(figures, indent=2) + "\n")


def compared(video: Path, sources: dict[str, Path]) -> dict[str, dict[str, float]]:
    """Seconds of each stage by the package in each source folder, medians of runs in turn."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in sources}
    for _ in range(REPEATS):
        for name, source in sources.items():
            runs[name].append(_in_process(video, source))
    return {name: {stage: round(median(run[stage] for run in some), 3) for stage in some[0]}
            for name, some in runs.items()}  # fmt: skip


def _in_process(video: Path, source: Path) -> dict[str, float]:
    environment = {**os.environ, "PYTHONPATH": str(source), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, __file__, str(video), "--inside"]
    found = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    stages: dict[str, float] = json.loads(found.stdout)
    return stages


def profile(video: Path) -> dict[str, float]:
    """Measure a video in this process; seconds of the processor by stage, and the peak of memory in MB."""
    from physiocam import measure

    start = time.process_time()
    profiler = cProfile.Profile(time.thread_time)
    profiler.enable()
    measure(video, threads=1)
    profiler.disable()
    stages = stage_times(pstats.Stats(profiler))
    stages[DECODING] = time.process_time() - start - sum(stages.values())
    return {START: start, **stages, "all": start + sum(stages.values()), "peak MB": peak_mb()}


def peak_mb() -> float:
    """The most memory that this process had, in MB; what `getrusage` counts may be of the process that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def stage_times(stats: pstats.Stats) -> dict[str, float]:
    """Seconds of each stage: a function's own time, or a share of it for each caller if it is another package's."""
    table: dict[Any, Any] = stats.stats  # type: ignore[attr-defined]
    shares: dict[Any, dict[str, float]] = {}

    def share_of(function: Any, above: tuple[Any, ...] = ()) -> dict[str, float]:
        if stage := _stage(function[0]):
            return {stage: 1.0}
        if function in shares:
            return shares[function]
        callers = {caller: times[3] for caller, times in table[function][4].items() if caller not in above}
        total = sum(callers.values())
        found: dict[str, float] = defaultdict(float)
        for caller, spent in callers.items():
            for stage, share in share_of(caller, (*above, function)).items():
                found[stage] += share * spent / total if total else 0.0
        shares[function] = dict(found) or {REST: 1.0}
        return shares[function]

    stages = {**dict.fromkeys(STAGES, 0.0), REST: 0.0}
    for function, times in table.items():
        for stage, share in share_of(function).items():
            stages[stage] += share * times[2]
    return stages


def _stage(file: str) -> str | None:
    """The stage of a file; None if it is not the package's."""
    _, package, inside = file.replace(os.sep, "/").rpartition("/physiocam/")
    if not package:
        return None
    return next((stage for stage, names in STAGES.items() if inside.startswith(names)), REST)


def videos(video: Path, scratch: Path, seconds: float) -> Iterator[tuple[str, Path]]:
    """The video, and how other cameras would store its first seconds."""
    # Only here: a process that is measured does without it.
    from films import Encoding, write_film
    from physiocam.video.reader import open_video

    yield "the clip", video
    for kind, (codec, options, height) in KINDS.items():
        path = scratch / f"{codec}.mkv"
        with open_video(video) as source:
            frames = _enlarged(takewhile(lambda frame: frame.timestamp_s <= seconds, source), height)
            write_film(path, frames, source.fs, Encoding(codec, path.suffix, options))
        yield kind, path


def _enlarged(frames: Iterable[Any], height: int) -> Iterator[Any]:
    """Pixels of frames at another height, uint8 (H, W, 3)."""
    from physiocam.video.levels import eight_bits
    from physiocam.video.resize import area_resize

    for frame in frames:
        if frame.image is not None:
            rows, columns, _ = frame.image.shape
            yield eight_bits(area_resize(frame.image, height, round(columns * height / rows)))


def table(kind: str, figures: dict[str, dict[str, float]]) -> str:
    """A table in Markdown."""
    names = list(figures)
    lines = [f"| {kind} | {' | '.join(names)} |", "|---" * (1 + len(names)) + "|"]
    for row in figures["now"]:
        cells = (f"{figures[name][row]:.2f}" for name in names)
        lines.append(f"| {row} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()

"""Speed and memory of measuring: the joint network against PyTorch eager, and the whole job.

    python benchmarks/measure.py VIDEO [--repeats 3] [--json OUT.json]

Every figure of one table comes from one run, so that ratios hold on a noisy machine. VIDEO is any clip of about 12 s
with a face; it is looped to 60 s, 2 and 10 minutes. Four copies of it are measured one at a time and two at a time.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

# One thread for the network comparison; set before NumPy, PyTorch and ONNX Runtime are loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from physiocam.foundation.files import complete_file
from physiocam.foundation.frame_sizes import height_width

CLIPS = (1, 4, 60)

# Clips in a call where one phase is timed beside all.
PHASE_CLIPS = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--repeats", type=int, default=3, help="runs of each whole job of a minute or less")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    figures: dict[str, Any] = {"machine": f"{platform.machine()}, {os.cpu_count()} cores"}
    # Processes first: a child's peak counts what its parent held when it was started, so PyTorch must come last.
    with tempfile.TemporaryDirectory() as scratch:
        figures["jobs"] = several(arguments.video, Path(scratch), arguments.repeats)
        figures["whole_job"] = whole_job(arguments.video, Path(scratch), arguments.repeats)
    figures["network"] = network()
    figures["phases"] = phases()
    if arguments.json:
        with complete_file(arguments.json) as beside:
            beside.write_text(json.dumps(figures, indent=2) + "\n")


def network() -> list[dict[str, float]]:
    """Frames/s of the default joint network on ONNX Runtime and in PyTorch eager, one thread, interleaved."""
    import torch
    from safetensors.torch import load_file

    from physiocam.networks.registry import build
    from physiocam.weights.bundle import load_bundle
    from physiocam.weights.runtime import Runtime

    torch.set_num_threads(1)
    bundle = load_bundle("default")
    entry = bundle.info.networks[0]
    runtime = Runtime(bundle, threads=1, networks=[entry])
    eager = build(entry.config)
    eager.load_state_dict(load_file(bundle.folder / entry.weights))
    eager.eval()
    rows = []
    for clips in CLIPS:
        config = entry.config
        big = np.random.default_rng(0).standard_normal((clips, 1, 3, *config.big_shape), np.float32)
        small = np.random.default_rng(1).standard_normal((clips, config.clip_length, 3, 9, 9), np.float32)
        big_tensor, small_tensor = torch.from_numpy(big), torch.from_numpy(small)

        def in_pytorch(big: Any = big_tensor, small: Any = small_tensor) -> None:
            with torch.inference_mode():
                eager(big, small)

        def in_onnx_runtime(big: Any = big, small: Any = small) -> None:
            runtime.run(big, small)

        slow, fast = _interleaved([in_pytorch, in_onnx_runtime], repeats=max(60 // clips, 5))
        frames = clips * config.clip_length
        rows.append({"clips": clips, "pytorch": frames / slow, "onnx_runtime": frames / fast, "ratio": slow / fast})
    _table("joint network, 1 thread (frames/s)", ["clips", "PyTorch eager", "ONNX Runtime", "ratio"], rows)
    return rows


def phases() -> dict[str, float]:
    """Milliseconds a frame that the default joint network takes, by one phase of its clips and by all; one thread."""
    from physiocam.weights.bundle import load_bundle
    from physiocam.weights.runtime import Runtime

    bundle = load_bundle("default")
    info, runtime = bundle.info, Runtime(bundle, threads=1, networks=[bundle.info.networks[0]])
    random = np.random.default_rng(0)
    clips, count = PHASE_CLIPS, len(info.phase_offsets)
    big_shape, small_shape = (height_width(size) for size in (info.big_size, info.small_size))
    big = random.standard_normal((clips, info.clip_length // info.big_stride, 3, *big_shape), np.float32)
    small = random.standard_normal((clips, count, info.clip_length, 3, *small_shape), np.float32)
    jobs = [partial(runtime.run_phases, big, small[:, :1]), partial(runtime.run_phases, big, small)]
    one, every = _interleaved(jobs, repeats=25, clock=time.process_time)
    frames = clips * info.clip_length
    row = {"phases": count, "one": 1e3 * one / frames, "all": 1e3 * every / frames, "ratio": every / one}
    _table("phases, 1 thread (ms of the processor a frame)", ["phases", "one phase", "all", "ratio"], [row])
    return row


def _interleaved(
    jobs: Sequence[Callable[[], object]], repeats: int, clock: Callable[[], float] = time.perf_counter
) -> list[float]:
    """Median seconds of each job, run in turn so that the machine's drift meets all alike."""
    times: list[list[float]] = [[] for _ in jobs]
    for repeat in range(repeats + 2):
        for job, collected in zip(jobs, times, strict=True):
            start = clock()
            job()
            if repeat >= 2:
                collected.append(clock() - start)
    return [median(collected) for collected in times]


def whole_job(video: Path, scratch: Path, repeats: int) -> list[dict[str, Any]]:
    """Time and peak memory of `physiocam measure`, start-up included, in processes of its own."""
    rows = []
    for name, seconds in (("as it is", None), ("60 s", 60), ("2 minutes", 120), ("10 minutes", 600)):
        path = video if seconds is None else _looped(video, scratch / f"{seconds}.mp4", seconds)
        runs = []
        for repeat in range(repeats if seconds in (None, 60) else 1):
            # A folder of its own: results that are there already would be kept.
            out = scratch / f"out {name} {repeat}"
            runs.append(_in_process([sys.executable, "-m", "physiocam", "measure", str(path), "-o", str(out)]))
        duration = json.loads((out / "measurement.json").read_text())["duration_s"]
        wall, processor, _ = (median(some) for some in zip(*runs, strict=True))
        rows.append(
            {
                "recording": name,
                "duration_s": duration,
                "wall_s": wall,
                "processor_s": processor,
                "real_time": duration / wall,
                "real_time_one_core": duration / processor,
                "peak_mb": max(peak for _, _, peak in runs),
            }
        )
    _table(
        "whole job (2 cores)",
        ["recording", "duration s", "wall s", "processor s", "times real time", "a core", "peak MB"],
        rows,
    )
    return rows


def several(video: Path, scratch: Path, repeats: int) -> list[dict[str, Any]]:
    """Time that four copies of a clip take by one process and by two, in turn; medians."""
    copies = [scratch / f"copy {number}{video.suffix}" for number in range(4)]
    for copy in copies:
        shutil.copyfile(video, copy)
    ways = {"one at a time": [], "one at a time, one thread": ["--threads", "1"], "two at a time": ["--jobs", "2"]}
    runs: dict[str, list[tuple[float, float, float]]] = {name: [] for name in ways}
    for repeat in range(repeats):
        for name, options in ways.items():
            out = ["-o", str(scratch / f"{name} {repeat}")]
            command = [sys.executable, "-m", "physiocam", "measure", *map(str, copies), *options, *out]
            runs[name].append(_in_process(command))
    rows = []
    for name, some in runs.items():
        wall, processor, _ = (median(each) for each in zip(*some, strict=True))
        rows.append({"way": name, "wall_s": wall, "processor_s": processor})
    _table("four clips (2 cores)", ["way", "wall s", "processor s"], rows)
    return rows


def _looped(video: Path, path: Path, seconds: float) -> Path:
    """Repeat a clip's packets until it is `seconds` long, without encoding again."""
    import av

    with av.open(str(path), "w") as target:
        stream, end = None, None
        while True:
            with av.open(str(video)) as source:
                track = source.streams.video[0]
                stream = stream or target.add_stream_from_template(track)
                shift = None
                for packet in source.demux(track):
                    if packet.dts is None or packet.pts is None:
                        continue
                    if shift is None:
                        shift = 0 if end is None else end - packet.dts
                    packet.pts += shift
                    packet.dts += shift
                    end = packet.dts + (packet.duration or 1)
                    if packet.dts * packet.time_base >= seconds:
                        return path
                    packet.stream = stream
                    target.mux(packet)


def _in_process(command: list[str]) -> tuple[float, float, float]:
    """Wall seconds, processor seconds with those of its children, and peak resident MB of a command."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**environment, "OMP_NUM_THREADS": ""})
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    if status:
        raise SystemExit(f"{' '.join(command)} failed with status {status}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def _table(title: str, header: list[str], rows: Iterable[dict[str, Any]]) -> None:
    print(f"\n### {title}\n")
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        cells = [value if isinstance(value, str) else f"{value:.4g}" for value in row.values()]
        print("| " + " | ".join(cells) + " |")
    sys.stdout.flush()


if __name__ == "__main__":
    # Children inherit nothing of this process's memory: peak figures are theirs alone.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()

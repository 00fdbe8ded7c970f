"""Speed of clips out of a store: from memory into one process, and from disk by two loader processes.

    python benchmarks/loader.py [--frames 200000] [--json OUT.json]

The store holds 200,000 frames' worth of recordings; all share one recording's files (hard links), so that it takes
little disk and the page cache is warm. Clips have 3 frames and one Big frame, in random order over all recordings.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

FRAMES_A_RECORDING = 2000
CLIP_LENGTH = BIG_STRIDE = 3
BATCH_CLIPS = 180


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        store = Path(scratch) / "store"
        make_store(store, arguments.frames // FRAMES_A_RECORDING)
        rows = measure(store, arguments.seconds)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")


def make_store(store: Path, recordings: int) -> None:
    """One recording written, the others linked to its files under names of their own."""
    from physiocam.datasets.store.store import RecordingInfo, RecordingWriter, Store
    from physiocam.datasets.store.store_files import FrameLayout

    Store.create(store, {"big_size": 144, "small_size": 9})
    rng = np.random.default_rng(0)
    few = rng.integers(0, 256, (64, 144, 144, 3)).astype(np.uint8)
    small = rng.standard_normal((FRAMES_A_RECORDING, 3, 9, 9)).astype(np.float32)
    units = tuple(f"AU{index:02d}" for index in range(12))
    info = RecordingInfo(
        name="R000",
        subject="R000",
        trial="T1",
        fs=25.0,
        frames=FRAMES_A_RECORDING,
        frames_without_face=0,
        crop="center",
        big_mean=0.5,
        big_std=0.29,
        small_std=0.1,
        tasks={"au": units, "pulse": ("pulse",), "respiration": ("respiration",)},
        signals={},
        action_units=(),
        notes=(),
        sources=(),
        version="0",
    )
    columns: dict[str, Any] = {"face_found": np.ones(FRAMES_A_RECORDING, bool)}
    for task, names in info.tasks.items():
        columns[f"targets/{task}"] = rng.random((FRAMES_A_RECORDING, len(names)), np.float32)
        columns[f"masks/{task}"] = np.ones((FRAMES_A_RECORDING, len(names)), bool)
    with RecordingWriter(store, "R000", FrameLayout(144, 9)) as writer:
        for index in range(FRAMES_A_RECORDING):
            writer.add_big(few[index % len(few)])
            writer.add_small(small[index])
        writer.finish(info, columns)
    for index in range(1, recordings):
        shutil.copytree(store / "R000", store / f"R{index:03d}", copy_function=os.link)


def measure(store: Path, seconds: float) -> list[dict[str, Any]]:
    import torch

    from physiocam.datasets.store.clip_batch import standardize
    from physiocam.datasets.store.clips import Clips, clip_loader

    torch.set_num_threads(1)
    rows = []
    start = time.perf_counter()
    clips = Clips(store, CLIP_LENGTH, BIG_STRIDE, memory="disk")
    print(f"opened {clips.frames} frames of {len(clips.recordings)} recordings in {time.perf_counter() - start:.1f} s")
    for name, memory, workers, on_device in (
        ("memory, this process", "ram", 0, False),
        ("memory, this process, standardized", "ram", 0, True),
        ("disk, this process", "disk", 0, False),
        ("disk, two loader processes", "disk", 2, False),
    ):
        chosen = Clips(store, CLIP_LENGTH, BIG_STRIDE, memory=memory, recordings=_some(clips.recordings, memory))  # type: ignore[arg-type]
        loader = clip_loader(chosen, BATCH_CLIPS, shuffle=True, workers=workers)
        batches = iter(loader)
        next(batches)
        before, started, count = _bytes_read(), time.perf_counter(), 0
        for batch in batches:
            if on_device:
                standardize(batch)
            count += len(batch.start)
            if time.perf_counter() - started > seconds:
                break
        wall = time.perf_counter() - started
        read = _bytes_read() - before
        big_bytes = batch.big[0].numel()
        rows.append(
            {
                "from": name,
                "frames_per_s": count * CLIP_LENGTH / wall,
                "small_and_big_frames_per_s": count * (CLIP_LENGTH + batch.big.shape[1]) / wall,
                "bytes_read_over_needed": read / (count * big_bytes) if memory == "disk" and not workers else "",
            }
        )
    _table(rows)
    return rows


def _some(recordings: tuple[str, ...], memory: str) -> tuple[str, ...]:
    """As many recordings as half of the free memory holds, were their Big frames read into it."""
    if memory == "disk":
        return recordings
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    fit = int(free / 2 / (FRAMES_A_RECORDING * 144 * 144 * 3))
    return recordings[: max(fit, 1)]


def _bytes_read() -> int:
    """Bytes that this process has asked of files so far."""
    fields = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(fields["rchar"])


def _table(rows: list[dict[str, Any]]) -> None:
    print("\n### clips out of a store\n")
    print("| from | frames/s | small and big frames/s | bytes read / needed |")
    print("|---|---|---|---|")
    for row in rows:
        print("| " + " | ".join(v if isinstance(v, str) else f"{v:.4g}" for v in row.values()) + " |")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

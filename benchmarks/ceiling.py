"""In how many recordings there is a pulse to be found at all: what an oracle sees that is given the true wave.

    python benchmarks/ceiling.py WORK_DIR [--recordings 200] [--jobs N] [--json FILE]

The recordings are those of accuracy.py, in its folder, and are measured as there. The oracle takes what the networks
take, the differences of Small frames. It fits the mixture of their cells and colours that is closest to the true pulse,
on one half of a recording; this mixture is then read in the other half, and the reverse. A pulse that the codec did not
leave cannot be fitted: the wave of the other half is noise then. A pulse counts as seen if the waves agree with the
truth better than 99 of 100 that were fitted to the hearts of other recordings. The oracle is linear and has half a
recording to learn from, so a network that was trained may see more.
"""

import argparse
import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accuracy import FS, Drawn, drawn, recording, summaries
from accuracy_figures import NEAR
from physiocam.foundation.parallel import run_jobs
from physiocam.foundation.provenance import code_version, keep_file
from physiocam.measuring.network_inputs import open_inputs
from physiocam.measuring.options import MeasureOptions
from physiocam.video.resize import area_resize
from physiocam.weights.bundle import load_bundle

# Hearts beat, with their overtones, in this band, in Hz.
_BAND = (0.6, 5.0)
# Cells are averaged to so many each way, so that a half has more frames than the mixture has numbers.
_CELLS = 3
# Ridge, as a share of the inputs' mean power.
_RIDGE = 0.05
# How many other hearts are fitted to each recording, and the share of these that would be taken for seen.
_OTHERS, _BY_CHANCE = 20, 0.01


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, help="folder of accuracy.py")
    parser.add_argument("--recordings", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    recordings = drawn(arguments.work / "videos", arguments.recordings, arguments.jobs)
    measured = summaries(
        [one.video for one in recordings],
        arguments.work / "measured" / "default",
        MeasureOptions(weights="default", threads=1),
        arguments.jobs,
    )
    truth = [_pulse(index) for index in range(len(recordings))]
    kept = arguments.work / "ceiling"
    kept.mkdir(exist_ok=True)
    for outcome in run_jobs(partial(_keep_cells, kept), [one.video for one in recordings], arguments.jobs):
        if outcome.error:
            raise SystemExit(f"{recordings[outcome.index].video}: {outcome.error}")
    cells = [np.load(kept / f"{one.video.stem}.npy") for one in recordings]
    own = [oracle(*pair) for pair in zip(cells, truth, strict=True)]
    random = np.random.default_rng(0)
    others = [
        oracle(one, truth[other])
        for index, one in enumerate(cells)
        for other in random.choice(np.delete(np.arange(len(truth)), index), min(_OTHERS, len(truth) - 1), replace=False)
    ]
    found = figures(recordings, own, float(np.quantile(others, 1 - _BY_CHANCE)), [rates for _, rates in measured])
    print(table(found))
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1) + "\n")


def _pulse(index: int) -> NDArray[np.float64]:
    """Changes of the true pulse from frame to frame."""
    entry, _ = recording(index)
    return np.diff(entry.scene().physiology.pulse)


def _keep_cells(folder: Path, video: Path) -> None:
    made_with = {"video": video.stat().st_size, "physiocam": code_version(__file__)}
    keep_file(folder / f"{video.stem}.npy", made_with, lambda path: np.save(path, _cells(video)))


def _cells(video: Path) -> NDArray[np.float32]:
    """Differences (T, 27) of the face's cells and colours; 0 where there is no face."""
    with open_inputs(video, load_bundle("default").info) as inputs:
        small = np.concatenate([block.small.reshape(-1, *block.small.shape[2:]) for block in inputs.blocks])
    reduced = [area_resize(np.moveaxis(one, 0, 2), _CELLS, _CELLS) for one in small]
    return np.asarray(reduced, np.float32).reshape(len(reduced), -1)


def oracle(cells: NDArray[np.floating], truth: NDArray[np.float64], fs: float = FS) -> float:
    """Agreement with the truth (T,) of each half of cells (T, C), on the mixture that was fitted to the other half.

    From -1 to 1, over the band, of both halves together.
    """
    middle = min(len(cells), len(truth)) // 2
    halves = slice(0, middle), slice(middle, 2 * middle)
    both = [
        (_in_band(cells[there], fs) @ _mixture(cells[here], truth[here], fs), _in_band(truth[there], fs))
        for here, there in (halves, halves[::-1])
    ]
    found, true = (np.concatenate(waves) for waves in zip(*both, strict=True))
    power = float(np.linalg.norm(found) * np.linalg.norm(true))
    return float((found * true.conj()).real.sum()) / power if power > 0 else 0.0


def _mixture(cells: NDArray[np.floating], truth: NDArray[np.float64], fs: float) -> NDArray[np.float64]:
    """The weight of each cell."""
    inputs, output = (np.concatenate([part.real, part.imag]) for part in (_in_band(cells, fs), _in_band(truth, fs)))
    power = inputs.T @ inputs
    ridge = _RIDGE * np.trace(power) / len(power) + 1e-12
    return np.asarray(np.linalg.solve(power + ridge * np.eye(len(power)), inputs.T @ output))


def _in_band(values: NDArray[np.floating], fs: float) -> NDArray[np.complex128]:
    """Spectra of waves whose differences are given, within the band."""
    frequencies = np.fft.rfftfreq(len(values), 1 / fs)
    inside = (frequencies >= _BAND[0]) & (frequencies <= _BAND[1])
    weights = inside / np.maximum(frequencies, _BAND[0])
    return np.asarray((np.fft.rfft(values, axis=0).T * weights).T)


def figures(
    recordings: list[Drawn], agreement: list[float], by_chance: float, measured: list[dict[str, Any]]
) -> dict[str, dict[str, int]]:
    """Of all recordings, and of each kind: how many there are, are seen, and are answered rightly."""
    groups: dict[str, list[int]] = {"all": list(range(len(recordings)))}
    for index, one in enumerate(recordings):
        for name, value in one.factors.items():
            groups.setdefault(f"{name}: {value}", []).append(index)
    seen = np.array(agreement) > by_chance
    truth = np.array([one.heart_rate for one in recordings])
    values = np.array([one["heart_rate"]["value"] or np.nan for one in measured])
    right = np.abs(values - truth) < NEAR
    return {
        name: {
            "recordings": len(rows),
            "seen": int(seen[rows].sum()),
            "answered": int((right & seen)[rows].sum()),
            "answered_unseen": int((right & ~seen)[rows].sum()),
        }
        for name, rows in groups.items()
    }


def table(found: dict[str, dict[str, int]]) -> str:
    """The figures in Markdown."""
    lines = [
        "| | recordings | the oracle sees a pulse | of these answered rightly | answered rightly of the others |",
        "|---|---|---|---|---|",
    ]
    lines += [f"| {name} | " + " | ".join(str(value) for value in row.values()) + " |" for name, row in found.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()

"""In how many recordings there is a pulse to be found at all: what an oracle sees that is given the true wave.

    python benchmarks/ceiling.py WORK_DIR [--recordings 200] [--jobs N] [--json FILE]

The recordings are those of accuracy.py, in its folder, and are measured as there. The oracle takes what the networks
take, the differences of Small frames. It fits the mixture of their cells and colours that is closest to the true pulse,
on one half of a recording; this mixture is then read in the other half, and the reverse. A pulse that the codec did not
leave cannot be fitted: the wave of the other half is noise then. Two figures are reported: in how many recordings the
wave agrees with the truth better than waves agree that were fitted to the hearts of other recordings, and in how many
its strongest frequency lies within 3 beats/min of the truth. Beside them: how many of these `measure` answered rightly.
"""

import argparse
import json
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

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

# Hearts beat, with their overtones, in this band, in Hz; a rate is looked for in the narrower one.
_BAND, _RATES = (0.6, 5.0), (0.65, 3.0)
# Cells are averaged to so many each way, so that a half has more frames than the mixture has numbers.
_CELLS = 3
# Ridge, as a share of the inputs' mean power.
_RIDGE = 0.05
# How many other hearts are fitted to each recording, and the share of these that is taken for seen.
_OTHERS, _BY_CHANCE = 20, 0.01


class Seen(NamedTuple):
    """What the oracle sees in one recording.

    Attributes
    ----------
    r : float
        Agreement with the truth, in the band, of both halves on the mixture of the other.
    rate : float
        The strongest frequency of both, in beats/min.
    """

    r: float
    rate: float


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
        oracle(one, truth[other]).r
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


def oracle(cells: NDArray[np.floating], truth: NDArray[np.float64], fs: float = FS) -> Seen:
    """Fit a mixture of cells (T, C) to the truth (T,) on each half, and read it in the other one."""
    frames = min(len(cells), len(truth))
    halves = slice(0, frames // 2), slice(frames // 2, frames)
    waves = np.concatenate([
        cells[there] @ _mixture(cells[here], truth[here], fs) for here, there in (halves[::-1], halves)
    ])  # fmt: skip
    wave, true = (_in_band(values, fs) for values in (waves, truth[:frames]))
    power = np.sqrt((abs(wave) ** 2).sum() * (abs(true) ** 2).sum())
    spectrum = abs(np.fft.rfft(waves * np.hanning(frames), 8 * frames)) ** 2
    frequencies = np.fft.rfftfreq(8 * frames, 1 / fs)
    # Differences are stronger at higher frequencies; the pulse itself is not.
    inside = (frequencies >= _RATES[0]) & (frequencies <= _RATES[1])
    strongest = np.argmax(np.where(inside, spectrum / np.maximum(frequencies, _RATES[0]) ** 2, 0))
    r = float((wave * true.conj()).real.sum() / power) if power > 0 else 0.0
    return Seen(r, 60 * float(frequencies[strongest]))


def _mixture(cells: NDArray[np.floating], truth: NDArray[np.float64], fs: float) -> NDArray[np.float64]:
    inputs, output = _in_band(cells.astype(np.float64), fs), _in_band(truth, fs)
    inputs, output = (np.concatenate([values.real, values.imag]) for values in (inputs, output))
    power = inputs.T @ inputs
    ridge = _RIDGE * np.trace(power) / len(power) + 1e-12
    return np.asarray(np.linalg.solve(power + ridge * np.eye(len(power)), inputs.T @ output))


def _in_band(values: NDArray[np.float64], fs: float) -> NDArray[np.complex128]:
    """Spectra of waves whose differences are given, within the band."""
    frequencies = np.fft.rfftfreq(len(values), 1 / fs)
    inside = (frequencies >= _BAND[0]) & (frequencies <= _BAND[1])
    weights = inside / np.maximum(frequencies, _BAND[0])
    return np.asarray((np.fft.rfft(values, axis=0).T * weights).T)


def figures(
    recordings: list[Drawn], seen: list[Seen], by_chance: float, measured: list[dict[str, Any]]
) -> dict[str, dict[str, float]]:
    """Of all recordings, and of each kind: how many there are, are seen, and are answered."""
    groups: dict[str, list[int]] = {"all": list(range(len(recordings)))}
    for index, one in enumerate(recordings):
        for name, value in one.factors.items():
            groups.setdefault(f"{name}: {value}", []).append(index)
    truth = np.array([one.heart_rate for one in recordings])
    clear = np.array([one.r > by_chance for one in seen])
    right = np.abs(np.array([one.rate for one in seen]) - truth) <= NEAR
    values = np.array([one["heart_rate"]["value"] or np.nan for one in measured])
    answered = np.abs(values - truth) <= NEAR
    return {
        name: {
            "recordings": len(rows),
            "clear": int(clear[rows].sum()),
            "rate": int(right[rows].sum()),
            "both": int((clear & right)[rows].sum()),
            "answered": int(answered[rows].sum()),
            "answered_of_both": int((answered & clear & right)[rows].sum()),
        }
        for name, rows in groups.items()
    }


def table(found: dict[str, dict[str, float]]) -> str:
    """The figures in Markdown."""
    lines = [
        "| | recordings | better than other hearts | rate right | both | answered rightly | of those with both |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [f"| {name} | " + " | ".join(str(value) for value in row.values()) + " |" for name, row in found.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    main()

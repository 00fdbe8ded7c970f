"""8-bit integers against single precision: what is measured, processor time and size.

    python benchmarks/precision.py VIDEO... [--weights BUNDLE] [--pairs 5] [--json FILE]

Measures every video in both precisions, one thread, and compares rates and mean probabilities of action units. Then
each network alone takes the same clips in both, in turn. Processor time counts, so that other work on the machine does
not.
"""

import argparse
import json
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from physiocam.foundation.files import complete_file
from physiocam.measuring.measure import measure
from physiocam.results.measurement import Measurement
from physiocam.weights.bundle import Bundle, load_bundle
from physiocam.weights.int8_form import Precision, graph_files, load_int8

PRECISIONS: tuple[Precision, ...] = ("fp32", "int8")
_SIZES = {"clips": 4, "phases": 3}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", type=Path, nargs="+", metavar="VIDEO")
    parser.add_argument("--weights", default="default")
    parser.add_argument("--pairs", type=int, default=5, help="how often each network is timed in both precisions")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    given = parser.parse_args()
    bundle = load_bundle(given.weights)
    networks = {name: _network(bundle, name, given.pairs) for name in load_int8(bundle).networks}
    for name, figures in networks.items():
        print(name, *(f"{key} {value:.3g}" for key, value in figures.items()), sep="  ")
    videos = {}
    for video in given.videos:
        videos[video.stem] = _video(video, bundle)
        print(video.stem, *(f"{key} {value}" for key, value in videos[video.stem].items()), sep="  ", flush=True)
    if given.json:
        with complete_file(given.json) as beside:
            beside.write_text(json.dumps({"networks": networks, "videos": videos}, indent=1) + "\n", encoding="utf-8")


def _network(bundle: Bundle, name: str, pairs: int) -> dict[str, float]:
    """Milliseconds of processor time for a call, their ratio, and megabytes."""
    entry = next(entry for entry in bundle.info.entries if entry.name == name)
    files = {precision: graph_files(bundle, precision)[name] for precision in PRECISIONS}
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    sessions = [onnxruntime.InferenceSession(files[precision], options) for precision in PRECISIONS]
    random = np.random.default_rng(0)
    shapes = {one.name: [_SIZES.get(size, size) for size in one.shape] for one in sessions[0].get_inputs()}
    inputs = {name: random.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}
    taken: list[list[float]] = []
    for _ in range(pairs + 1):  # the first warms up
        taken.append([])
        for session in sessions:
            before = time.process_time()
            for _ in range(10):
                session.run(None, inputs)
            taken[-1].append(100 * (time.process_time() - before))
    single, eighth = (statistics.median(pair[i] for pair in taken[1:]) for i in range(2))
    return {
        "fp32_ms": single,
        "int8_ms": eighth,
        "times": statistics.median(pair[0] / pair[1] for pair in taken[1:]),
        "fp32_mb": (files["fp32"].stat().st_size + (bundle.folder / entry.weights).stat().st_size) / 1e6,
        "int8_mb": files["int8"].stat().st_size / 1e6,
    }


def _video(video: Path, bundle: Bundle) -> dict[str, Any]:
    measured, seconds = {}, {}
    for precision in PRECISIONS:
        before = time.process_time()
        measured[precision] = measure(video, weights=bundle, precision=precision, threads=1)
        seconds[precision] = round(time.process_time() - before, 2)
    one, other = measured["fp32"], measured["int8"]
    return {
        "heart_rate": _rates(one, other, "heart_rate"),
        "breathing_rate": _rates(one, other, "breathing_rate"),
        "largest_unit_difference": _units(one, other),
        "mean_frame_difference": _frames(one, other),
        "cpu_s": list(seconds.values()),
    }


def _rates(one: Measurement, other: Measurement, name: str) -> list[float | None]:
    """The rate in both precisions, and what it would be where it is not certain enough to be given."""
    rates = [getattr(each, name) for each in (one, other)]
    return [None if rate.value is None else round(rate.value, 2) for rate in rates] + [
        None if rate.estimate is None else round(rate.estimate, 2) for rate in rates
    ]


def _units(one: Measurement, other: Measurement) -> float:
    """Of the mean probabilities over the recording."""
    pairs = [
        (unit.mean_probability, other.action_units[label].mean_probability) for label, unit in one.action_units.items()
    ]
    return round(max((abs(a - b) for a, b in pairs if a is not None and b is not None), default=0.0), 4)


def _frames(one: Measurement, other: Measurement) -> float:
    """Mean over all frames and units."""
    return round(float(np.nanmean(np.abs(one.action_unit_probability - other.action_unit_probability))), 4)


if __name__ == "__main__":
    main()

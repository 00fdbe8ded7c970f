"""How right the measurements are: bundles and classical methods, on generated recordings and on real clips.

    python benchmarks/accuracy.py WORK_DIR [--recordings 200] [--weights NAME ...] [--int8]
        [--clip VIDEO BEATS_PER_MIN ...] [--carrier VIDEO ...] [--still PHOTOGRAPH ...] [--head FOLDER]
        [--generated VIDEO ...] [--misleading VIDEO ...] [--jobs N] [--json FILE]

Writes videos of drawn people, on whom no weight was ever trained, into WORK_DIR: three difficulties (how much a person
moves, how good light and camera are), two kinds of light, two strengths of compression, and skin of all tones, all
mixed evenly; and their first seconds as shorter videos. Carriers, clips of real people, get a pulse and a breath that
are known. Then there are films in which nobody lives (lifeless.py), faces that a network made, and recordings whose
motion or light misleads: no rate but a living heart's is right for them. Measures each by each method, prints tables
and writes them as JSON. An interrupted run goes on where it was; recordings are always the same, and more of them begin
with the same.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from accuracy_figures import generated_figures, length_figures, rate_figures, told
from accuracy_tables import tables
from films import film_code, make_all
from injected import InjectedFilm, injected
from lifeless import lifeless
from physiocam.batch.measure_many import measure_many
from physiocam.foundation.cores import within_cores
from physiocam.foundation.provenance import keep_file
from physiocam.measuring.options import MeasureOptions
from physiocam.signals.methods import NETWORK
from physiocam.synthetic.drawn.person import Person
from physiocam.synthetic.recordings import DIFFICULTIES, SyntheticRecording, synthetic_entries
from physiocam.video.writer import write_video
from physiocam.weights.bundle import load_bundle

SEED = 70_001
SECONDS, FS = 20.0, 25.0
HEIGHT, WIDTH = 240, 320

# Seconds from the beginning that are measured as recordings of their own.
SHORTER = (6.0, 10.0)

# Constant rate factors of H.264: a good camera's, and a messenger's.
COMPRESSION = {"weak": 20, "strong": 32}
# Factors of the light's R, G and B.
LIGHT = {"bright": (1.0, 1.0, 1.0), "dim": (0.45, 0.4, 0.35)}

CLASSICAL = ("pos", "chrom", "green")
INJECTED = 100


@dataclass(frozen=True)
class Drawn:
    """One recording of the benchmark, what it is like, and its truth."""

    video: Path
    factors: dict[str, str]
    heart_rate: float
    breathing_rate: float


@dataclass(frozen=True)
class Material:
    """All that is measured.

    Attributes
    ----------
    drawn : dict of float to list of Drawn
        By their length in seconds.
    injected : list of InjectedFilm
    clips : list of (str, str)
        Videos and their heart rates.
    lifeless : dict of str to list of Path
        By their kind.
    misleading : list of Path
    """

    drawn: dict[float, list[Drawn]]
    injected: list[InjectedFilm]
    clips: list[tuple[str, str]]
    lifeless: dict[str, list[Path]]
    misleading: list[Path]


def main() -> None:
    arguments = _arguments()
    names = ("default", *arguments.weights)
    options = {f"network, `{name}`": MeasureOptions(weights=name, threads=1) for name in names}
    if arguments.int8:
        options["network, 8 bits"] = MeasureOptions(precision="int8", threads=1)
    options |= {name.upper(): MeasureOptions(method=name) for name in CLASSICAL}
    material = made(arguments)
    results = {title: measured(material, option, arguments) for title, option in options.items()}
    print(tables(results))
    if arguments.json:
        settings = {
            "recordings": arguments.recordings, "seconds": SECONDS, "fs": FS, "size": [WIDTH, HEIGHT], "seed": SEED,
            "injected": len(material.injected), "lifeless": sum(map(len, material.lifeless.values())),
        }  # fmt: skip
        bundles = {Path(name).name: load_bundle(name).sha256 for name in ("default", *arguments.weights)}
        whole = {"settings": settings, "bundles": bundles, "results": results}
        arguments.json.write_text(json.dumps(whole, indent=1) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--recordings", type=int, default=200)
    parser.add_argument("--weights", nargs="*", default=[], help="further bundles, by name or folder")
    parser.add_argument("--int8", action="store_true", help="also the default bundle in 8 bits")
    parser.add_argument("--clip", nargs=2, action="append", default=[], metavar=("VIDEO", "BEATS_PER_MIN"))
    parser.add_argument("--carrier", nargs="*", default=[], type=Path, metavar="VIDEO", help="real people, to inject")
    parser.add_argument("--still", nargs="*", default=[], type=Path, metavar="PHOTOGRAPH")
    parser.add_argument("--head", type=Path, metavar="FOLDER", help="of ICT-FaceKit's mesh")
    parser.add_argument("--generated", nargs="*", default=[], type=Path, metavar="VIDEO", help="faces without a heart")
    parser.add_argument("--misleading", nargs="*", default=[], type=Path, metavar="VIDEO")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    arguments.jobs = within_cores(arguments.jobs, "--jobs")
    return arguments


def made(arguments: argparse.Namespace) -> Material:
    """Write the films that are not there yet."""
    work, jobs = arguments.work, arguments.jobs
    kinds = lifeless(work / "lifeless", arguments.still, arguments.head, jobs)
    if arguments.generated:
        kinds["generated faces"] = arguments.generated
    return Material(
        {length: drawn(_place(work, length), arguments.recordings, jobs, length) for length in (*SHORTER, SECONDS)},
        injected(work / "injected", arguments.carrier, INJECTED, jobs),
        arguments.clip,
        kinds,
        arguments.misleading,
    )


def _place(work: Path, length: float) -> Path:
    return work / ("videos" if length == SECONDS else f"videos-{length:g}s")


def measured(material: Material, option: MeasureOptions, arguments: argparse.Namespace) -> dict[str, Any]:
    """The figures of one method."""
    way = option.to_dict()["weights"] if option.method == NETWORK else option.method
    precision = "" if option.precision == "fp32" else f"-{option.precision}"
    folder = arguments.work / "measured" / f"{Path(way).name}{precision}"

    def said(part: str, videos: Sequence[Path]) -> list[tuple[Path, dict[str, Any]]]:
        """Folder and summary of each video."""
        place = folder.with_name(f"{folder.name}-{part.replace(' ', '-')}") if part else folder
        return summaries(videos, place, option, arguments.jobs) if videos else []

    def rates(part: str, videos: Sequence[Path]) -> dict[str, Any]:
        return {video.stem: told(summary) for video, (_, summary) in zip(videos, said(part, videos), strict=True)}

    lengths = {}
    for length, recordings in material.drawn.items():
        summed = said("" if length == SECONDS else f"{length:g}s", [recording.video for recording in recordings])
        lengths[f"{length:g} s"] = length_figures(recordings, summed)
    painted = said("injected", [film.video for film in material.injected])
    clips = [Path(video) for video, _ in material.clips]
    return {
        # The full length was measured last.
        "generated": generated_figures(recordings, summed),
        "lengths": lengths,
        "injected": rate_figures(material.injected, painted) if painted else {},
        "clips": {
            Path(video).name: {"true": float(rate), **summary["heart_rate"]}
            for (video, rate), (_, summary) in zip(material.clips, said("clips", clips), strict=True)
        },
        "lifeless": {kind: rates(kind, videos) for kind, videos in material.lifeless.items()},
        "misleading": rates("misleading", material.misleading),
    }


def drawn(folder: Path, count: int, jobs: int, seconds: float = SECONDS) -> list[Drawn]:
    """Write the recordings that are not there yet, as they would be drawn now; or only their first seconds."""
    folder.mkdir(parents=True, exist_ok=True)
    items = [(folder / f"{index:03d}.mp4", *recording(index), seconds) for index in range(count)]
    make_all(_film, items, jobs)
    found = []
    for video, entry, factors, _ in items:
        physiology = entry.scene().physiology
        seen = slice(round(seconds * FS))
        rates = (float(of_all[seen].mean()) for of_all in (physiology.heart_rates, physiology.breathing_rates))
        found.append(Drawn(video, factors, *rates))
    return found


def recording(index: int) -> tuple[SyntheticRecording, dict[str, str]]:
    """Say what a recording is: factors change fast to slow, so that any number of them is mixed."""
    rest, difficulty = divmod(index, len(DIFFICULTIES))
    rest, light = divmod(rest, len(LIGHT))
    compression = rest % len(COMPRESSION)
    factors = {
        "difficulty": list(DIFFICULTIES)[difficulty],
        "light": list(LIGHT)[light],
        "compression": list(COMPRESSION)[compression],
    }
    settings = replace(
        DIFFICULTIES[factors["difficulty"]],
        duration_s=SECONDS,
        fs=FS,
        height=HEIGHT,
        width=WIDTH,
        tint=LIGHT[factors["light"]],
    )
    (entry,) = synthetic_entries(1, SEED + index, settings, trials=1)
    skin = Person.invent(entry.person_seed).skin_depth
    factors["skin"] = ("light", "middle", "dark")[min(int(3 * skin), 2)]
    return entry, factors


def _film(item: tuple[Path, SyntheticRecording, dict[str, str], float]) -> None:
    film(*item)


def film(video: Path, entry: SyntheticRecording, factors: dict[str, str], seconds: float = SECONDS) -> None:
    crf = COMPRESSION[factors["compression"]]
    seen = round(seconds * FS)
    made_with = {
        "entry": asdict(entry), "fs": FS, "crf": crf, "seconds": seconds, "code": film_code("accuracy"),
    }  # fmt: skip
    keep_file(video, made_with, lambda path: write_video(path, islice(entry.scene().frames(), seen), FS, crf))
    codes = video.with_suffix(".npy")
    keep_file(codes, made_with, lambda path: np.save(path, entry.scene().expressions.codes.occurrence[:seen]))


def summaries(
    videos: Sequence[Path], folder: Path, options: MeasureOptions, jobs: int
) -> list[tuple[Path, dict[str, Any]]]:
    """Folder and summary of each video, in order; one that failed ends the benchmark."""
    outcomes = measure_many(videos, folder, options, jobs=jobs)
    for outcome in outcomes:
        if outcome.summary is None:
            raise SystemExit(f"{outcome.video}: {outcome.error}")
    return [(outcome.folder or folder, dict(outcome.summary or {})) for outcome in outcomes]


if __name__ == "__main__":
    main()

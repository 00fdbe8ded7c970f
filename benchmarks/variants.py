"""How steady an answer is: cuts and versions of real clips whose heart rate is known.

    python benchmarks/variants.py WORK_DIR --clip VIDEO BEATS_PER_MIN [--clip ...] [--json FILE] [--jobs N]

Every cut of 8 s and of 10 s, begun a fraction of a second later each time, and each whole clip as other cameras,
messengers and light would have it. Each is measured by the default bundle. Prints how many are answered and how many of
the answers are right. An interrupted run goes on where it was.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from accuracy_figures import NEAR
from accuracy_tables import table
from films import Encoding, film_code, h264, make_all, write_film
from physiocam.batch.measure_many import measure_many
from physiocam.foundation.cores import within_cores
from physiocam.foundation.provenance import digest_of, keep_file
from physiocam.measuring.options import MeasureOptions
from physiocam.video.reader import open_video
from physiocam.weights.bundle import load_bundle
from variant_ways import WAYS, Way

# Length of a cut, and from one cut's beginning to the next, in seconds.
CUTS = {8.0: 0.125, 10.0: 0.25}

# A cut has to keep the pulse: its loss cannot be seen.
_FINE = h264(4)


@dataclass(frozen=True)
class Variant:
    """One film of a clip: a cut, or the whole in another way."""

    video: Path
    clip: Path
    true: float
    group: str
    name: str
    start_s: float
    length_s: float | None

    @property
    def way(self) -> Way | None:
        """How a version differs; None for a cut."""
        return WAYS.get(self.name)

    @property
    def encoding(self) -> Encoding:
        """How it is stored."""
        return self.way.encoding if self.way else _FINE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--clip", nargs=2, action="append", required=True, metavar=("VIDEO", "BEATS_PER_MIN"))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    jobs = within_cores(arguments.jobs, "--jobs")
    films = [film for video, rate in arguments.clip for film in variants(arguments.work, Path(video), float(rate))]
    make_all(make, films, jobs)
    measured = measure_all(films, arguments.work / "measured", jobs)
    groups = {group: group_figures(of_group) for group, of_group in grouped(films, measured).items()}
    print(tables(groups, measured))
    if arguments.json:
        whole = {"bundle": load_bundle("default").sha256, "groups": groups, "films": measured}
        arguments.json.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


def variants(folder: Path, clip: Path, true: float) -> list[Variant]:
    """Say what is made of a clip."""
    with open_video(clip) as video:
        fs, frames = video.fs, sum(1 for _ in video)
    place = folder / "films" / clip.stem
    found = []
    for length_s, step_s in CUTS.items():
        starts = np.arange(0, frames / fs - length_s + 1e-6, step_s)
        for start in starts.tolist():
            name = f"{length_s:g}s-from-{start:06.3f}"
            found.append(Variant(place / f"{name}.mp4", clip, true, f"cuts of {length_s:g} s", name, start, length_s))
    for name, way in WAYS.items():
        found.append(Variant(place / f"{name}{way.encoding.suffix}", clip, true, "versions", name, 0.0, None))
    return found


def make(film: Variant) -> None:
    """Write one film, unless it is there."""
    made_with = {
        "clip": digest_of(film.clip), "name": film.name, "encoding": asdict(film.encoding),
        "code": film_code("variants", "variant_ways"),
    }  # fmt: skip

    def write(path: Path) -> None:
        with open_video(film.clip) as video:
            fs = video.fs
            frames = [frame.image for frame in video if frame.image is not None]
        if film.way is not None:
            changed, fs = film.way.change(frames, fs)
            write_film(path, changed, fs, film.encoding)
            return
        first = round(film.start_s * fs)
        last = len(frames) if film.length_s is None else first + round(film.length_s * fs)
        write_film(path, frames[first:last], fs, film.encoding)

    keep_file(film.video, made_with, write)


def measure_all(films: Sequence[Variant], folder: Path, jobs: int) -> list[dict[str, Any]]:
    """What is said of each film, beside what is true; a film that cannot be measured ends the benchmark."""
    rows = []
    options = MeasureOptions(threads=1)
    for outcome, film in zip(
        measure_many([film.video for film in films], folder, options, jobs=jobs), films, strict=True
    ):
        if outcome.summary is None:
            raise SystemExit(f"{outcome.video}: {outcome.error}")
        rate = outcome.summary["heart_rate"]
        rows.append({
            "clip": film.clip.name, "group": film.group, "name": film.name, "true": film.true, "value": rate["value"],
            "quality": rate["quality"], "estimate": rate.get("estimate"), "note": rate["note"],
        })  # fmt: skip
    return rows


def grouped(films: Sequence[Variant], measured: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The measured films of each group, over all clips and of each clip where there are several."""
    groups: dict[str, list[dict[str, Any]]] = {}
    several = len({film.clip for film in films}) > 1
    for film, row in zip(films, measured, strict=True):
        groups.setdefault(film.group, []).append(row)
        if several:
            groups.setdefault(f"{film.group}: {film.clip.stem}", []).append(row)
    return groups


def group_figures(rows: list[dict[str, Any]]) -> dict[str, float | int | None]:
    """How many are answered, how many of the answers are right, and how wrong the others are."""
    error = _errors(rows, "value")
    guess = _errors(rows, "estimate")
    given, guessed = np.isfinite(error), np.isfinite(guess)
    return {
        "films": len(rows),
        "answered": int(given.sum()),
        "near": int((error[given] < NEAR).sum()),
        "mae": round(float(error[given].mean()), 3) if given.any() else None,
        "max_error": round(float(error[given].max()), 3) if given.any() else None,
        "guessed": int(guessed.sum()),
        "guesses_near": int((guess[guessed] < NEAR).sum()),
        "quality": round(float(np.mean([row["quality"] for row in rows])), 3),
    }


def _errors(rows: list[dict[str, Any]], key: str) -> NDArray[np.float64]:
    return np.array([np.nan if row[key] is None else abs(row[key] - row["true"]) for row in rows], dtype=np.float64)


def tables(groups: dict[str, dict[str, Any]], measured: list[dict[str, Any]]) -> str:
    titles = ["films", "answered", "within 3", "mean error", "largest", "best guess within 3", "mean quality"]
    rows = [
        [
            group, f"{found['answered']} of {found['films']}", f"{found['near']} of {found['answered']}",
            found["mae"], found["max_error"], f"{found['guesses_near']} of {found['guessed']}", found["quality"],
        ]
        for group, found in groups.items()
    ]  # fmt: skip
    versions = [
        [
            row["clip"],
            row["name"],
            f"{row['true']:g}",
            _shown(row["value"]),
            f"{row['quality']:.2f}",
            _shown(row["estimate"]),
        ]
        for row in measured
        if row["group"] == "versions"
    ]
    of_each = table(["clip", "version", "true", "heart rate", "quality", "best guess"], versions)
    return "\n".join([*table(titles, rows), "", *of_each])


def _shown(rate: float | None) -> str:
    return "none" if rate is None else f"{rate:.1f}"


if __name__ == "__main__":
    main()

"""Action units on rendered people whose units are known and who had no part in any training.

Run as ``python benchmarks/action_units.py MODEL_FOLDER WORK_DIR --recordings 1000 --jobs 2 -o units.json``. Recordings
are kept in WORK_DIR, so it goes on where it was interrupted. ``--bundle`` names another bundle to judge; figures are
printed and written, over all recordings and by what the people are like.
"""

import argparse
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import rendered_recordings
from physiocam import measure
from physiocam.evaluation.table_text import number, table
from physiocam.foundation.files import complete_file
from physiocam.foundation.parallel import run_jobs
from physiocam.measuring.neutral import NeutralChoice
from physiocam.weights.int8_form import Precision
from rendered_recordings import RenderedRecording
from unit_judging import Judged, by_attribute, figures, judge

_COLUMNS = (("auc", "AUC", 3), ("f1", "F1, %", 1), ("r", "r", 3), ("mae", "MAE", 2), ("icc", "ICC(3,1)", 3))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="folder of the light model of ICT-FaceKit")
    parser.add_argument("folder", type=Path, metavar="WORK_DIR")
    parser.add_argument("--recordings", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--fs", type=float, default=15.0, help="frames per second")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--bundle", default="default", help="name or folder of the bundle to judge")
    parser.add_argument("--precision", choices=("fp32", "int8"), default="fp32")
    parser.add_argument("--neutral", choices=("auto", "first-seconds", "none"), default="none",
                        help="a recording of a few seconds is too short to know the neutral face")  # fmt: skip
    parser.add_argument("-o", "--out", type=Path, help="file for the figures, JSON")
    given = parser.parse_args()
    plan = rendered_recordings.Plan(given.model, given.seconds, given.fs, given.seed)
    rendered_recordings.make(plan, given.folder, given.recordings, given.jobs)
    recordings = list(rendered_recordings.load(given.folder))[: given.recordings]
    judged: list[Judged] = []
    for outcome in run_jobs(
        partial(_judged, bundle=given.bundle, neutral=given.neutral, precision=given.precision), recordings, given.jobs
    ):
        if outcome.result is None:
            raise SystemExit(f"{recordings[outcome.index].video}: {outcome.error}")
        judged.append(outcome.result)
    found = {**figures(judged), "by": by_attribute(judged)}
    print("\n".join(_text(found)))
    if given.out:
        with complete_file(given.out) as beside:
            short = json.loads(json.dumps(found), parse_float=lambda figure: round(float(figure), 3))
            beside.write_text(json.dumps(short, indent=1) + "\n", encoding="utf-8")


def _judged(recording: RenderedRecording, bundle: str, neutral: NeutralChoice, precision: Precision) -> Judged:
    return judge(recording, measure(recording.video, weights=bundle, neutral=neutral, precision=precision))


def _text(found: dict[str, Any]) -> Iterator[str]:
    yield f"{found['recordings']} recordings"
    head = ("unit", *(title for _, title, _ in _COLUMNS))
    rows = {**found["units"], "mean": found["mean"]}
    yield from table(head, [(name, *_cells(row)) for name, row in rows.items()])
    yield f"stronger side right: {', '.join(f'{unit} {number(share, 2)}' for unit, share in found['sides'].items())}"
    yield f"head pose off by {', '.join(number(error, 1) for error in found['head_pose_error'])} degrees"
    yield f"blinks F1 {number(found['blinks_f1'], 2)}"
    yield f"{number(found['false_events_a_minute'], 1)} events a minute in neutral faces"
    for name, values in found["by"].items():
        yield ""
        head = (name, "recordings", *(title for _, title, _ in _COLUMNS))
        yield from table(head, [(value, str(row["recordings"]), *_cells(row)) for value, row in values.items()])


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(number(row[name], digits) for name, _, digits in _COLUMNS)


if __name__ == "__main__":
    main()

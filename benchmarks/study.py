"""A study of 40 drawn recordings by one command that is killed twice: its tables against the truth.

    python benchmarks/study.py WORK_DIR [--seconds 30] [--seed 0] [--json OUT.json]

13 people and a half in three conditions, with events of BIDS, BORIS, ELAN and the study's table, five damaged videos
and a time span that makes no sense. The command is killed at two random moments and started again. What was measured
before must not be measured again, every row must be there, damage must be named, and every rate that is given is
compared with the true mean over the same time.
"""

import argparse
import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from physiocam.foundation.files import complete_file
from physiocam.networks.action_units import AU_LABELS
from study_recordings import DAMAGE, RECORDINGS, SEGMENTS, WRONG_SPAN, MadeRecording, StudyPart, write_study

# A heart rate is right within this many beats/min, a breathing rate within this many breaths/min.
RIGHT = {"heart_rate": 3.0, "breathing_rate": 2.0}

TABLES = ("recordings", "segments", "epochs")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    made = write_study(arguments.work / "videos", arguments.seconds, arguments.seed)
    out = arguments.work / "results"
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "physiocam", "study", str(arguments.work / "videos" / "study.csv")]
    command += ["-o", str(out), "--epoch", "10", "--threads", "1"]
    figures: dict[str, Any] = {"recordings": RECORDINGS, "seconds": arguments.seconds}
    figures["runs"] = run_killed(command, out, random.Random(arguments.seed))
    tables = {name: read_rows(out / f"{name}.csv") for name in TABLES}
    figures["rows"] = {name: len(rows) for name, rows in tables.items()}
    told = damage_told(tables, made)
    figures["damage"] = {kind: text.replace(f"{arguments.work}{os.sep}", "") for kind, text in told.items()}
    figures["recording rates"] = rates_of(recording_pairs(tables["recordings"], made))
    figures["segment rates"] = rates_of(segment_pairs(tables["segments"], made))
    figures["units"] = units_of(recording_pairs(tables["recordings"], made))
    print(json.dumps(figures, indent=1))
    if arguments.json:
        with complete_file(arguments.json) as beside:
            beside.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def run_killed(command: Sequence[str], out: Path, chance: random.Random) -> list[dict[str, Any]]:
    """Run a command three times and more: killed twice, then to its end, then once more with nothing left to do."""
    runs = []
    for share in (chance.uniform(0.1, 0.4), chance.uniform(0.45, 0.8), None, None):
        before = measured(out)
        began = time.monotonic()
        process = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
        if share is not None:
            while len(measured(out)) < share * RECORDINGS:
                time.sleep(0.2)
                assert process.poll() is None, "it ended before it was killed"
            time.sleep(chance.uniform(0.0, 5.0))
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        after = measured(out)
        assert all(after.get(path) == when for path, when in before.items()), "a result was measured again"
        runs.append(
            {
                "killed": share is not None,
                "status": process.returncode,
                "measured before": len(before),
                "after": len(after),
                "seconds": round(time.monotonic() - began, 1),
                "tables": (out / "segments.csv").exists(),
            }
        )
    return runs


def measured(out: Path) -> dict[Path, int]:
    """When each recording's result was written."""
    return {path: path.stat().st_mtime_ns for path in out.glob("recordings/*/measurement.json")}


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def damage_told(tables: Mapping[str, list[dict[str, str]]], made: Sequence[MadeRecording]) -> dict[str, str]:
    """By kind of damage, what the tables say of it; no other recording may have failed."""
    rows = {row["recording"]: row for row in tables["recordings"]}
    assert list(rows) == [one.name for one in made], "a recording has no row"
    assert len(tables["segments"]) == RECORDINGS * len(SEGMENTS), "a segment has no row"
    told = {}
    for number, one in enumerate(made):
        row = rows[one.name]
        if number == WRONG_SPAN:
            told["wrong time span"] = row["problems"]
        elif number in DAMAGE:
            told[one.damage] = row["error"] or row["heart_rate_note"]
        else:
            unexpected = row["error"] or row["problems"]
            assert not unexpected, f"{one.name}: {unexpected}"
    assert all(told.values()), "damage is not named"
    return told


def recording_pairs(
    rows: Sequence[dict[str, str]], made: Sequence[MadeRecording]
) -> Iterator[tuple[dict[str, str], StudyPart]]:
    truth = {one.name: one for one in made if not one.damage}
    return ((row, truth[row["recording"]].whole) for row in rows if row["recording"] in truth)


def segment_pairs(
    rows: Sequence[dict[str, str]], made: Sequence[MadeRecording]
) -> Iterator[tuple[dict[str, str], StudyPart]]:
    truth = {one.name: one for one in made if not one.damage}
    for row in rows:
        if row["recording"] in truth and row["start_s"]:
            one = truth[row["recording"]]
            assert (row["condition"], row["participant"]) == (one.condition, one.participant)
            yield row, one.segments[row["segment"]]


def rates_of(pairs: Iterator[tuple[dict[str, str], StudyPart]]) -> dict[str, dict[str, Any]]:
    """By rate: how many are given, how many of those are right, and how far they are from the truth."""
    both, found = list(pairs), {}
    for name, right in RIGHT.items():
        given = [(row, float(row[name]) - getattr(truth, name)) for row, truth in both if row[name]]
        errors = np.abs([error for _, error in given])
        found[name] = {
            "parts": len(both),
            "given": len(given),
            "right": int((errors <= right).sum()),
            "expected right": round(sum(float(row[f"{name}_quality"]) for row, _ in given), 1),
            "median error": round(float(np.median(errors)), 2) if given else None,
            "largest error": round(float(errors.max()), 2) if given else None,
            "wrong": [f"{row['recording']} {row.get('segment', '')}: {error:+.1f}, quality {row[f'{name}_quality']}"
                      for row, error in given if abs(error) > right],
            "by condition": dict(Counter(row["condition"] for row, _ in given)),
        }  # fmt: skip
    return found


def units_of(pairs: Iterator[tuple[dict[str, str], StudyPart]]) -> dict[str, float]:
    """Correlation over the recordings between each unit's active share in the table and the true one."""
    both = list(pairs)
    found = {}
    for label in AU_LABELS:
        told = np.array([[float(row[f"{label}_active_fraction"]), truth.active[label]] for row, truth in both])
        if told.std(axis=0).all():
            found[label] = round(float(np.corrcoef(told.T)[0, 1]), 2)
    return found


if __name__ == "__main__":
    main()

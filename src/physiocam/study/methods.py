"""The methods paragraph of a whole study."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from physiocam.report.methods import MethodsText, face_text, methods_text
from physiocam.results.measurement import Measurement
from physiocam.study.design import PARTICIPANT
from physiocam.study.dictionary import RATES
from physiocam.study.groups import StudyRow
from physiocam.study.strips import numbers


@dataclass(frozen=True)
class StudyFacts:
    """What the text is about.

    Attributes
    ----------
    recordings, segments : sequence of rows
        Of the tables.
    epoch_s : float
    """

    recordings: Sequence[StudyRow]
    segments: Sequence[StudyRow]
    epoch_s: float


def study_methods(facts: StudyFacts, measurement: Measurement) -> MethodsText:
    """Describe how a study was measured, for a paper.

    Parameters
    ----------
    facts : StudyFacts
    measurement : Measurement
        One of the study; all were measured with the same options.
    """
    measured = [row for row in facts.recordings if row.get("error") is None]
    faces = numbers(measured, "face_found_fraction")
    share = f"a median of {np.median(faces):.1%} of the frames of a recording ({faces.min():.1%} to {faces.max():.1%})"
    about = f"{_recordings(facts, measured, measurement.version)} {face_text(measurement, share)}"
    text = methods_text(about, measurement)
    return MethodsText((*text.paragraphs, _parts(facts)), text.settings, text.references)


def _recordings(facts: StudyFacts, measured: Sequence[StudyRow], version: str) -> str:
    people = {row.get(PARTICIPANT) for row in measured} - {None}
    of_people = f" of {len(people)} participants" if people else ""
    lengths, rates = numbers(measured, "duration_s"), Counter(f"{row['fs']:.2f}" for row in measured)
    speeds = ", ".join(rate for rate, _ in rates.most_common(3)) + (" and others" if len(rates) > 3 else "")
    failed = len(facts.recordings) - len(measured)
    left_out = f" {failed} more could not be measured." if failed else ""
    found = " and ".join(f"a {words} in {len(numbers(measured, name))}" for name, (words, _) in RATES.items())
    return (
        f"{len(measured)} recordings{of_people} (median {np.median(lengths):.1f} s, {lengths.min():.1f} to "
        f"{lengths.max():.1f} s; {speeds} frames/s) were measured with physiocam {version}, which gave {found}."
        f"{left_out}"
    )


def _parts(facts: StudyFacts) -> str:
    segments = f"{len(facts.segments)} segments and of " if facts.segments else ""
    return (
        f"The rate of {segments}epochs of {facts.epoch_s:g} s is the mean of the rates along the recording whose "
        "windows lie within; in a shorter part, the one from the window around its middle. Coverage is the share of "
        "the seconds with a rate. An event of an action unit is a stretch of at least 0.1 s with a probability of 0.5 "
        "and above; shorter interruptions are ignored."
    )

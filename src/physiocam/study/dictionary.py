"""The data dictionary: what each column of a study's tables holds."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from physiocam.networks.action_units import ACTION_UNIT_NAMES

# Prefix of a study's own column that has the name of a measured one.
GIVEN = "given_"

_ABOUT = {
    "recording": ("", "name of the recording; its results are in recordings/NAME"),
    "video": ("", "path of the video"),
    "participant": ("", "participant, from the study's table or a name like sub-01"),
    "session": ("", "session, likewise"),
    "condition": ("", "condition, from the study's table or an event"),
    "error": ("", "why the recording could not be measured; empty if it was"),
    "problems": ("", "what of the study's table or event files could not be used"),
    "notes": ("", "what is unusual about the recording"),
    "duration_s": ("s", "length"),
    "fs": ("frames/s", "frames per second of the even time grid of the results"),
    "frames": ("frames", "number of frames on that grid"),
    "segment": ("", "what happens in the segment, from the study's table or an event"),
    "tier": ("", "tier of ELAN, or subject of BORIS"),
    "epoch": ("", "number of the epoch in its recording, from 1"),
    "start_s": ("s", "start, from the start of the video"),
    "end_s": ("s", "end, from the start of the video"),
    "note": ("", "why there are no values, or only those of a part"),
    "face_found_fraction": ("0 to 1", "share of the frames with a face"),
}

_OF_RATES = {
    "": ("{unit}", "{name}: of a recording, the rate of the whole; of a part, the mean of the rates along it"),
    "_quality": ("0 to 1", "quality of the {name}; docs/start.md says what it means"),
    "_coverage": ("0 to 1", "share of the seconds for which there is a {name}"),
    "_note": ("", "why there is no {name}, or what limits it"),
    "_low": ("{unit}", "lower end of the 80 % interval of the {name}, if it is known"),
    "_high": ("{unit}", "upper end of that interval"),
}
RATES = {"heart_rate": ("heart rate", "beats/min"), "breathing_rate": ("breathing rate", "breaths/min")}

_OF_SPREADS = {"_ms": ("ms", "{name} of the intervals between beats"), "_note": ("", "why there is no {name}")}

_OF_UNITS = {
    "mean_probability": ("0 to 1", "mean probability of {name} over the frames with a face"),
    "active_fraction": ("0 to 1", "share of the frames with a face in which its probability is at least 0.5: {name}"),
    "events_per_minute": ("per minute", "events of {name} that begin, per minute with a face"),
    "peak_probability": ("0 to 1", "highest probability of {name}"),
}
_UNIT = re.compile(rf"(\w+)_({'|'.join(_OF_UNITS)})")


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    name : str
    unit : str
        Empty for texts.
    description : str
    """

    name: str
    unit: str
    description: str


def columns_of(names: Iterable[str], own: Sequence[str]) -> list[Column]:
    """Describe the columns of a table.

    Parameters
    ----------
    names : iterable of str
    own : sequence of str
        Those that come from the study's table, or its event files.
    """
    return [_own(name) if name in own and name not in _ABOUT else _column(name) for name in names]


def _own(name: str) -> Column:
    given = name.removeprefix(GIVEN)
    return Column(name, "", f"column '{given}' of the study's table or event files")


def _column(name: str) -> Column:
    if name in _ABOUT:
        return Column(name, *_ABOUT[name])
    for start, (words, unit) in RATES.items():
        end = name.removeprefix(start)
        if name.startswith(start) and end in _OF_RATES:
            return Column(name, *(text.format(name=words, unit=unit) for text in _OF_RATES[end]))
    for start in ("sdnn", "rmssd"):
        if name.startswith(start):
            unit, text = _OF_SPREADS[name.removeprefix(start)]
            return Column(name, unit, text.format(name=start.upper()))
    found = _UNIT.fullmatch(name)
    assert found is not None, name
    unit, text = _OF_UNITS[found[2]]
    action_unit = ACTION_UNIT_NAMES.get(found[1])
    return Column(name, unit, text.format(name=f"{found[1]} ({action_unit})" if action_unit else found[1]))


def without_clash(name: str) -> str:
    """Return the name of a study's own column; one that is measured, or says what a row is, gets a prefix."""
    about = set(_ABOUT) - {"participant", "session", "condition"}
    clash = name in about or name.startswith((*RATES, "sdnn_", "rmssd_")) or _UNIT.fullmatch(name)
    return f"{GIVEN}{name}" if clash else name

"""What rates are judged by, in files of predictions."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from physiocam.inputs.shoulders import SHIFTED
from physiocam.networks.tasks import RESPIRATION
from physiocam.signals.breath_evidence import BreathConfidence
from physiocam.signals.confidence import Confidence, PulseJudge
from physiocam.signals.judging import Judge
from physiocam.signals.readings import readings_of
from physiocam.signals.shoulder_judge import ShoulderJudge

_READINGS = "readings/"


def judge_arrays(judges: Mapping[str, Judge]) -> dict[str, NDArray[np.float64]]:
    """Return the readings of judges, by task, as arrays with names for a file."""
    return {f"{_READINGS}{task}": judge.table() for task, judge in judges.items()}


def judge_models(judges: Mapping[str, Judge]) -> dict[str, Any]:
    """Return the models of those judges that have one, by task, as JSON holds them."""
    with_model = {task: judge for task, judge in judges.items() if isinstance(judge, PulseJudge | ShoulderJudge)}
    return {task: judge.model.model_dump(mode="json") for task, judge in with_model.items() if judge.model}


def judges_of(arrays: Mapping[str, NDArray[Any]], models: Mapping[str, Any]) -> dict[str, Judge]:
    """Return the judges again.

    Raises
    ------
    ValueError, KeyError
        If this is not what the functions above gave.
    """
    judges: dict[str, Judge] = {
        task: PulseJudge(readings_of(arrays[f"{_READINGS}{task}"]), Confidence.model_validate_json(json.dumps(model)))
        for task, model in models.items()
        if task != RESPIRATION.name
    }
    shifts = arrays.get(f"{_READINGS}{RESPIRATION.name}")
    if shifts is not None:
        if shifts.ndim != 2 or shifts.shape[1] != SHIFTED:
            raise ValueError(f"shifts have the shape {shifts.shape}; expected {SHIFTED} columns")
        model = models.get(RESPIRATION.name)
        known = None if model is None else BreathConfidence.model_validate_json(json.dumps(model))
        judges[RESPIRATION.name] = ShoulderJudge(shifts, known)
    return judges

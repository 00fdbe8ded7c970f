"""The two quantities that waveforms carry, their units, and how often a rate is given."""

from typing import Literal

Quantity = Literal["heart", "breathing"]

UNITS: dict[Quantity, str] = {"heart": "beats/min", "breathing": "breaths/min"}

# The task of a network that gives a quantity's waveform.
WAVEFORM_TASKS: dict[Quantity, str] = {"heart": "pulse", "breathing": "respiration"}

# Rates along a recording are given this often; heart and breathing share their times.
STEP_S = 1.0

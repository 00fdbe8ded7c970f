"""Write the numbers and names of the Python rules that the page in `web/` needs: one source for both languages.

    python scripts/web/constants.py

writes web/src/rules/rules.json. A test fails where the file is not what this writes.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from physiocam.inputs import shoulders, statistics
from physiocam.measuring import (
    clip_phases,
    expressions,
    frame_intake,
    network_inputs,
    neutral,
    people_choice,
    stream,
    stream_person,
    summarize,
)
from physiocam.networks import action_units
from physiocam.results import measurement_data, people_folders, unit_events
from physiocam.signals import (
    breath_evidence,
    comb_filter,
    confidence,
    half_rate,
    logistic,
    quality,
    quantities,
    rate,
    readings,
    shoulder_judge,
    spectra,
    waveform,
)
from physiocam.signals.settings import SETTINGS
from physiocam.version import __version__
from physiocam.video import appearance, cuts, even_grid, face, followed_face, people, people_tracker
from physiocam.weights import description

RULES = Path(__file__).parents[2] / "web" / "src" / "rules" / "rules.json"


def rules_text() -> str:
    """Return the content of rules.json."""
    return json.dumps(_signals() | _frames() | _answers(), indent=2) + "\n"


def _frames() -> dict[str, Any]:
    """From frames to the inputs of networks."""
    return {
        "still": statistics._STILL,
        "still_share": statistics._STILL_SHARE,
        "shoulders": {
            "chin": shoulders._CHIN,
            "least": shoulders._LEAST,
            "columns": shoulders._COLUMNS,
            "faint": shoulders._FAINT,
        },
        "block_s": network_inputs._BLOCK_S,
        "slow_block_s": network_inputs._SLOW_BLOCK_S,
        "max_fs_ratio": network_inputs.MAX_FS_RATIO,
        "clips_at_a_time": network_inputs._CLIPS,
        "most_phases": description._MOST_PHASES,
        "partial": clip_phases._PARTIAL,
        "detector": {
            "height": face.DETECTOR_HEIGHT,
            "width": face.DETECTOR_WIDTH,
            "min_score": face.MIN_SCORE,
            "max_overlap": face._MAX_OVERLAP,
        },
        "tracker": {
            "hold_s": followed_face.HOLD_S,
            "search_s": followed_face.SEARCH_S,
            "moved": followed_face._MOVED,
            "resized": followed_face._RESIZED,
            "held_score": followed_face.HELD_SCORE,
            "held_overlap": followed_face.HELD_OVERLAP,
            "own_head": followed_face.OWN_HEAD,
        },
        "people": {"listed": people._LISTED, "looks": people._LOOKS},
        "people_choice": {"rival": people_choice._RIVAL, "least_s": people_choice._LEAST_S},
        "people_tracker": {
            "same": appearance.SAME,
            "unlike": appearance.UNLIKE,
            "likely": people_tracker._LIKELY,
            "shortly_s": people_tracker._SHORTLY_S,
            "nearby": people_tracker._NEARBY,
            "still": people_tracker._STILL,
            "looks_count": people_tracker._LOOKS_COUNT,
            "close": people_tracker._CLOSE,
            "kept": people_tracker._KEPT,
        },
        "appearance": {"places": appearance._PLACES, "rows": appearance._ROWS, "dark": appearance._DARK},
        "cuts": {
            "rows": cuts._ROWS,
            "columns": cuts._COLUMNS,
            "each": cuts._EACH,
            "unlike": cuts._UNLIKE,
            "more_than_motion": cuts._MORE_THAN_MOTION,
            "jump": cuts._JUMP,
            "more_than_jerk": cuts._MORE_THAN_JERK,
            "frozen": cuts._FROZEN,
            "brighter": cuts._BRIGHTER,
            "before_s": cuts._BEFORE_S,
            "least": cuts._LEAST,
            "noise": cuts._NOISE,
        },
        "grid": {
            "reach_s": even_grid._REACH_S,
            "snap": even_grid._SNAP,
            "longest_hole_s": even_grid.LONGEST_HOLE_S,
            "slowest_fs": even_grid.SLOWEST_FS,
            "fastest_fs": even_grid.FASTEST_FS,
        },
        "stream": {
            "memory_s": stream_person._MEMORY_S,
            "early": stream_person._EARLY,
            "neutral_s": stream._NEUTRAL_S,
            "other_pace": stream._OTHER_PACE,
            "hole_s": frame_intake.HOLE_S,
        },
    }


def _signals() -> dict[str, Any]:
    """From waveforms to rates."""
    default = SETTINGS["default"]
    settings = {name: asdict(default.of(name)) for name in quantities.UNITS}
    # The page has no other method and no detrending.
    if any(one.pop("method") != "pooled" or one.pop("detrend") is not None for one in settings.values()):
        raise SystemExit("the default settings use what the page lacks; write it in web/src/rules first")
    return {
        "version": __version__,
        "settings": settings,
        "units_of_rates": quantities.UNITS,
        "waveform_tasks": quantities.WAVEFORM_TASKS,
        "step_s": quantities.STEP_S,
        "flat": waveform._FLAT,
        "comb": {
            "narrow_hz": comb_filter._NARROW_HZ,
            "wide_hz": comb_filter._WIDE_HZ,
            "reach": comb_filter._REACH,
            "multiples": comb_filter._MULTIPLES,
            "between": comb_filter._BETWEEN,
            "sides": comb_filter._SIDES,
        },
        "lobe": rate._LOBE,
        "oversampling": spectra._OVERSAMPLING,
        "silent": spectra._SILENT,
        "harmonics": quality._HARMONICS,
        "spread": quality._SPREAD,
        "few": quality._FEW,
        "half_rate": {
            "beat": half_rate._BEAT,
            "faint_beat": half_rate._FAINT_BEAT,
            "third": half_rate._THIRD,
            "slowest_hz": half_rate._SLOWEST_HZ,
            "line": half_rate._LINE,
        },
        "light": readings.LIGHT,
        "corner": readings._CORNER,
        "confidence": {
            "given_from": confidence.GIVEN_FROM,
            "evidence": confidence.EVIDENCE,
            "piece_s": confidence._PIECE_S,
            "piece_step_s": confidence._PIECE_STEP_S,
            "blood": confidence._BLOOD,
            "grey": confidence._GREY,
            "greyness": confidence._GREYNESS,
        },
        "logistic": {"far": logistic._FAR, "most": logistic._MOST},
        "breath_evidence": {
            "evidence": breath_evidence.BREATH_EVIDENCE,
            "apart": breath_evidence.APART,
            "far": breath_evidence._FAR,
            "least_hz": breath_evidence._LEAST_HZ,
            "rest": breath_evidence._REST,
            "piece": breath_evidence._PIECE,
            "piece_step": breath_evidence._PIECE_STEP,
            "least": breath_evidence._LEAST,
        },
        "shoulder_judge": {
            "least_power": shoulder_judge.LEAST_POWER,
            "least_move": shoulder_judge.LEAST_MOVE,
            "least_own": shoulder_judge.LEAST_OWN,
            "least_share": shoulder_judge.LEAST_SHARE,
            "seen": shoulder_judge._SEEN,
        },
        "most_windows": summarize._MOST,
    }


def _answers() -> dict[str, Any]:
    """What a face expresses."""
    return {
        "unit_names": action_units.ACTION_UNIT_NAMES,
        "blink": action_units.BLINK,
        "active_threshold": action_units.ACTIVE_THRESHOLD,
        "most_intense": action_units.MOST_INTENSE,
        "person_folder": people_folders._PERSON,
        "trusted_auc": measurement_data.TRUSTED_AUC,
        "expressions": {
            "most_turned_deg": expressions.MOST_TURNED_DEG,
            "pose_s": expressions._POSE_S,
            "at_rest": expressions._UNIT_BOUNDS[0],
            "most_taken": expressions._UNIT_BOUNDS[1],
            "no_intensity": expressions._INTENSITY_BOUNDS[0],
            "most_intensity_taken": expressions._INTENSITY_BOUNDS[1],
        },
        "neutral": {"least_s": neutral.LEAST_S, "quantile": neutral._QUANTILE},
        "events": {
            "ends_below": unit_events._ENDS_BELOW,
            "shortest_pause_s": unit_events._SHORTEST_PAUSE_S,
            "shortest_s": unit_events._SHORTEST_S,
            "shortest_blink_s": unit_events._SHORTEST_BLINK_S,
            "longest_blink_s": unit_events._LONGEST_BLINK_S,
        },
    }


if __name__ == "__main__":
    RULES.write_text(rules_text(), encoding="utf-8")

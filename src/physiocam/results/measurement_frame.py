"""A measurement as a pandas table, with the column names of NeuroKit2 and OpenFace."""

import numpy as np
import pandas as pd

from physiocam.networks.action_units import ACTIVE_THRESHOLD
from physiocam.results.frame_rates import each_frame
from physiocam.results.measurement_data import MeasurementData
from physiocam.results.measurement_files import POSE, task_columns


def measurement_frame(measurement: MeasurementData) -> pd.DataFrame:
    """Return a table with one row per frame.

    Parameters
    ----------
    measurement : MeasurementData

    Returns
    -------
    DataFrame
        Index `frame`, from 0.

        Columns of OpenFace: `timestamp` (s), `success` (1 if a face was found) and, for each action unit, `AU12_c` (0
        or 1; <NA> in gaps) and, if the bundle gives them, `AU12_r`, the intensity from 0 to 5. In addition `AU12_p`,
        the probability, `AU12_L_r` and `AU12_R_r`, intensities on the person's left and right, and `pose_pitch`,
        `pose_yaw` and `pose_roll` in degrees.

        Columns of NeuroKit2: `PPG_Clean` (the `pulse_band`), `PPG_Rate` (beats/min), `PPG_Quality`, `RSP_Clean`,
        `RSP_Rate` (breaths/min) and, if heart-rate variability was requested and there is a heart rate, `PPG_Peaks` (1
        in the frame of a beat). In addition `RSP_Quality`.

        Tasks of your own have the columns of tasks.csv, without classes.

        A rate is that of the frame's second. Missing values are NaN. `attrs["sampling_rate"]` is `fs`.
    """
    columns: dict[str, object] = {
        "timestamp": measurement.timestamps_s,
        "success": measurement.face_found.astype(np.int64),
        "PPG_Clean": measurement.pulse_band,
        "PPG_Rate": each_frame(measurement, measurement.heart_rate_along.value),
        "PPG_Quality": each_frame(measurement, measurement.heart_rate_along.quality),
        "RSP_Clean": measurement.respiration,
        "RSP_Rate": each_frame(measurement, measurement.breathing_rate_along.value),
        "RSP_Quality": each_frame(measurement, measurement.breathing_rate_along.quality),
    }
    if (variability := measurement.beats) is not None:
        peaks = np.zeros(measurement.frames, dtype=np.int64)
        peaks[np.rint(variability.beats_s * measurement.fs).astype(int)] = 1
        columns["PPG_Peaks"] = peaks
    for label, probability in zip(measurement.action_units, measurement.action_unit_probability.T, strict=True):
        columns[f"{label}_p"] = probability
        active = pd.array((probability >= ACTIVE_THRESHOLD).astype(np.int64), dtype="Int64")
        active[np.isnan(probability)] = pd.NA
        columns[f"{label}_c"] = active
    for label, intensity in zip(measurement.intensity_labels, measurement.intensity.T, strict=True):
        columns[f"{label}_r"] = intensity
    if np.isfinite(measurement.head_pose).any():
        columns |= dict(zip(POSE, measurement.head_pose.T, strict=True))
    for name, task in measurement.tasks.items():
        columns |= dict(zip(task_columns(name, task), task.values.T, strict=True))
    frame = pd.DataFrame(columns, index=pd.RangeIndex(measurement.frames, name="frame"))
    frame.attrs["sampling_rate"] = measurement.fs
    return frame

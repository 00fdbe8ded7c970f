"""Tasks of your own in a folder of videos: tasks.yaml says what they are, and where their labels are.

    lamp:                      name of the task
      kind: binary             binary, waveform or level
      file: labels_csv         column of recordings.csv that names a table per video, with a column 'lamp'
    vibration:
      kind: waveform
      labels: [x, y]           columns, one per output; without it, one with the name of the task
      file: labels_csv
      band_hz: [1, 6]          range of its rate, if it has one
    grade:
      kind: level              without a file, the labels are columns of recordings.csv itself: one number per video
      unit: points

Other fields are refused.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from physiocam.datasets.recording import TaskLabels, check_free
from physiocam.datasets.sensors import numbers
from physiocam.datasets.sensors.clock import read_times, rising
from physiocam.datasets.sensors.codes import FRAME, WORDS
from physiocam.datasets.sensors.columns import time_column
from physiocam.datasets.sensors.sensor import lines
from physiocam.datasets.sensors.text_tables import Table
from physiocam.errors import DatasetError, PhysiocamError, one_line
from physiocam.foundation.yaml_files import read_yaml
from physiocam.networks.tasks import Task

TASKS = "tasks.yaml"


@dataclass(frozen=True)
class OwnTask:
    """A task, and where its labels are.

    Attributes
    ----------
    task : Task
    file : str
        Column of recordings.csv with the name of a table; empty if recordings.csv has the labels itself.
    """

    task: Task
    file: str = ""

    def described(self) -> str:
        """Return all of it as text, for the facts about a recording."""
        return json.dumps([self.task.model_dump(mode="json"), self.file])

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of recordings.csv that belong to it."""
        return (self.file,) if self.file else tuple(label.lower() for label in self.task.labels)

    def of_row(self, row: Mapping[str, str], number: int) -> TaskLabels | None:
        """Labels in a row of recordings.csv, which hold for the whole video; None if its cells are empty.

        Raises
        ------
        DatasetError
            If a cell is not a label.
        """
        cells = [row.get(label.lower(), "") for label in self.task.labels]
        if not any(cells):
            return None
        where = f"row {number} of recordings.csv"
        values = [_label(cell, self.task, "point", where) for cell in cells]
        return TaskLabels.of(self.task, [values], [0.0], f"column '{self.columns[0]}' of recordings.csv")

    def of_table(self, table: Table, fs: float, start_s: float, notes: list[str]) -> TaskLabels:
        """Labels in a table with one row per frame or sample.

        Parameters
        ----------
        table : Table
            With a column of frame numbers, from 0 or 1, or of times.
        fs : float
            Frames per second.
        start_s : float
            Time of the video's first frame on the table's clock.
        notes : list of str
            Receives a line for each correction.

        Raises
        ------
        DatasetError
            If a column is missing, or a cell is not a label.
        """
        missing = [label for label in self.task.labels if label.lower() not in table.header]
        if missing:
            raise DatasetError(
                f"'{table.name}' has no column '{missing[0]}' for the task '{self.task.name}'; it has "
                f"{', '.join(table.header)}"
            )
        found = rising(_times(table, fs, start_s), lines(table.name, table.lines))
        notes += [f"{self.task.name}: {note}" for note in found.notes]
        columns = [table.column(table.header.index(label.lower())) for label in self.task.labels]
        values = np.array(
            [
                [_label(cell, self.task, table.style, f"line {line} of '{table.name}'") for cell in row]
                for line, row in zip(table.lines, zip(*columns, strict=True), strict=True)
            ]
        )
        return TaskLabels.of(self.task, values[found.order], found.seconds, f"column '{self.task.labels[0]}'")


def own_tasks(root: Path) -> tuple[OwnTask, ...]:
    """Read the tasks of a folder; none without tasks.yaml.

    Raises
    ------
    DatasetError
        If tasks.yaml is not understood.
    """
    path = root / TASKS
    if not path.exists():
        return ()
    try:
        described = read_yaml(path, "lamp: {kind: binary}")
    except PhysiocamError as error:
        raise DatasetError(str(error)) from None
    return tuple(_own_task(path, str(name), about) for name, about in described.items())


def _own_task(path: Path, name: str, about: Any) -> OwnTask:
    if not isinstance(about, dict):
        raise DatasetError(f"'{path}' says {name}: {about!r}; expected fields, such as kind: binary")
    check_free(name)
    values = {"labels": [name], **about}
    file = str(values.pop("file", "")).lower()
    try:
        return OwnTask(Task.model_validate({"name": name, **values}), file)
    except ValidationError as error:
        known = "kind, labels, file, unit and band_hz"
        raise DatasetError(f"'{path}', task '{name}': {one_line(error)}; fields are {known}") from None


def _times(table: Table, fs: float, start_s: float) -> NDArray[np.float64]:
    """Time of each row on the video's clock."""
    frames = [index for index, name in enumerate(table.header) if FRAME.fullmatch(name)]
    if len(frames) == 1:
        counted = table.numbers(frames[0])
        return (counted - min(float(np.nanmin(counted, initial=1.0)), 1.0)) / fs
    clock = time_column(table)
    if clock is None:
        raise DatasetError(f"'{table.name}' has neither a column 'frame' nor 'time'; expected one of them")
    return read_times(table, clock) - start_s


def _label(cell: str, task: Task, style: numbers.NumberStyle, where: str) -> float:
    text = cell.strip().lower()
    found = numbers.number(cell, style)
    if found is None and style == "point":
        found = numbers.number(cell, "comma")
    if found is None and task.kind == "binary":
        found = WORDS.get(text)
    if found is None and text:
        expected = "0, 1, true or false" if task.kind == "binary" else "a number"
        raise DatasetError(f"'{cell[:40]}' of the task '{task.name}' is not a label; expected {expected} ({where})")
    return np.nan if found is None else found

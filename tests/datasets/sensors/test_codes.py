"""Codes of action units as coders write them: presence, absence or unknown, or refused by line."""

import re
from pathlib import Path

import numpy as np
import pytest

from physiocam.datasets.recording import UNKNOWN, ActionUnitCodes
from physiocam.datasets.sensors.codes import codes_of_table
from physiocam.datasets.sensors.text_tables import read_table
from physiocam.errors import DatasetError

FRAMES, FS = 8, 10.0


def read(tmp_path: Path, text: str) -> ActionUnitCodes:
    path = tmp_path / "codes.csv"
    path.write_text(text)
    return codes_of_table(read_table(path), FS, FRAMES, [])


@pytest.mark.parametrize(
    "name", ["AU12", "au12", "AU 12", "AU_12", "AU-12", "AU12_c", "12", "AU12 (Lip Corner Puller)"]
)
@pytest.mark.parametrize(
    ("cells", "codes"),
    [
        (["0", "1", "9", "", "1"], [0, 1, -1, -1, 1]),
        (["0.0", "1.0", "9.0", "nan", "1.0"], [0, 1, -1, -1, 1]),
        (["False", "True", "unknown", "NA", "TRUE"], [0, 1, -1, -1, 1]),
        (["no", "yes", "-1", "?", "Yes"], [0, 1, -1, -1, 1]),
        (["absent", "present", "999", "-", "present"], [0, 1, -1, -1, 1]),
        (["0", "3", "9", "", "5"], [0, 1, -1, -1, 1]),
    ],
)
def test_codes_in_words_and_numbers(tmp_path: Path, name: str, cells: list[str], codes: list[int]) -> None:
    text = "\n".join([f"frame,{name}", *(f"{frame},{cell}" for frame, cell in enumerate(cells, 1))])
    found = read(tmp_path, text)
    assert found.labels == ("AU12",)
    assert found.occurrence[:, 0].tolist() == [*codes, UNKNOWN, UNKNOWN, UNKNOWN]
    if "3" in cells:
        assert found.intensity is not None
        assert found.intensity[:5, 0].tolist() == [0, 3, -1, -1, 5]
    else:
        assert found.intensity is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "frame,AU12\n1,0\n2,0.5\n",
            "'codes.csv' codes 0.5; expected 0 to 5 in whole numbers, or 9 for unknown (line 3",
        ),
        ("frame,AU12\n1,0\n2,7\n", "'codes.csv' codes 7; expected 0 to 5, or 9 for unknown (line 3, column 'au12')"),
        ("frame,AU12\n1,0\n2,smile\n", "has 'smile' in line 3, column 'au12'; expected 0, 1, true or false"),
        ("frame,AU1,AU01\n1,0,1\n", "has AU01 in the columns au1, au01; expected one"),
        ("frame,AU12\n1,0\n1,1\n", "codes frame 1 in line 2 and in line 3, with different values in column 'au12'"),
        ("frame,AU12\n1.5,0\n", "has the frame '1.5' in line 2; expected whole numbers from 0 or 1"),
        ("frame,AU12\n-3,0\n", "has the frame '-3' in line 2"),
        ("frame,AU12\n,0\n", "has the frame '' in line 2"),
        ("frame,AU12\nx,0\n", "has 'x' in line 2, column 'frame'; expected a number"),
        ("frame,AU12\n1,0\n90,1\n", "codes frame 90, and the video has 8 frames; expected numbers of its frames"),
        ("time,AU12\n0,0\n0.1,1\n0.5,1\n40,1\n", "codes frame 401, and the video has 8 frames; expected times of the"),
        ("time,AU12\n0,0\n100,1\n200,1\n300,1\n", "codes frame 3001"),
        ("time,AU12\n-9,0\n-8,1\n", "codes no frame of the video"),
        ("time,AU12\n0.1,0\n0.5,1\n0.2,1\n", "time 0.2 s in line 4 of 'codes.csv' follows 0.5 s in line 3"),
        ("time,timestamp,AU12\n0,0,0\n", "has the frame or time in the columns 'time', 'timestamp'; expected one"),
    ],
)
def test_what_is_no_code_or_no_place_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DatasetError, match=re.escape(message)):
        read(tmp_path, text)


def test_presence_and_strength_of_one_program_go_together(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "frame, timestamp, confidence, AU01_r, AU12_r, AU01_c, AU12_c, AU45_c\n"
        "1, 0.000, 0.98, 0.37, 2.6, 0.0, 1.0, 0.0\n2, 0.100, 0.98, 1.20, 0.1, 1.0, 0.0, 1.0\n",
    )
    assert found.labels == ("AU01", "AU12", "AU45")
    assert found.occurrence[:2].tolist() == [[0, 1, 0], [1, 0, 1]]
    assert found.intensity is not None
    assert found.intensity[:2, :2].tolist() == [[0, 3], [1, 0]]


def test_times_in_other_units_and_a_coarse_clock(tmp_path: Path) -> None:
    by_time = read(tmp_path, "time_ms,AU04\n" + "".join(f"{100 * i},{i % 2}\n" for i in range(8)))
    assert by_time.occurrence[:, 0].tolist() == [0, 1] * 4
    path = tmp_path / "codes.csv"
    path.write_text("time,AU04\n" + "".join(f"{i // 10},{int(i in (5, 27))}\n" for i in range(40)))
    notes: list[str] = []
    coarse = codes_of_table(read_table(path), FS, 40, notes)
    assert np.flatnonzero(coarse.occurrence[:, 0] == 1).tolist() == [5, 27]
    assert "truncated to steps of 1 s" in notes[0]


@pytest.mark.parametrize(
    ("layout", "pattern", "line", "message"),
    [
        ("disfa", "SN001_au4.txt", "5,0.5", "codes 0.5; expected 0 to 5 in whole numbers, or 9 for unknown (line 5)"),
        ("disfa", "SN001_au4.txt", "5,7", "codes 7; expected 0 to 5, or 9 for unknown (line 5)"),
        ("disfa", "SN001_au4.txt", "4,0", "has frame 4 in line 5; expected 5: each frame once, from 1"),
        ("disfa", "SN001_au4.txt", "5,True", "'True' in line 5"),
        ("bp4d", "F001_T1.csv", "0.5", "'F001_T1.csv' codes 0.5; expected 0 to 1 in whole numbers"),
        ("bp4d", "F001_T1_AU12.csv", "6", "'F001_T1_AU12.csv' codes 6; expected 0 to 5, or 9 for unknown (line 5)"),
    ],
)
def test_the_sets_codes_are_codes_or_refused(
    tmp_path: Path, layout: str, pattern: str, line: str, message: str
) -> None:
    from physiocam.datasets.readers.catalogue import open_dataset
    from physiocam.synthetic.drawn.scene import SceneSettings
    from physiocam.synthetic.layouts import write_layout

    root = tmp_path / "set"
    write_layout(layout, root, 1, settings=SceneSettings(duration_s=2.0, width=64, height=96))
    path = next(root.rglob(pattern))
    lines = path.read_text().splitlines()
    lines[4] = line if "," in line else ",".join([lines[4].partition(",")[0], line, *lines[4].split(",")[2:]])
    path.write_text("\n".join(lines))
    entry = open_dataset(layout, root).entries()[0]
    with pytest.raises(DatasetError, match=re.escape(message)):
        entry.load()


def test_an_avatar_s_unknown_movement_is_unknown(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    from physiocam.datasets.readers.catalogue import open_dataset
    from physiocam.synthetic.drawn.scene import SceneSettings
    from physiocam.synthetic.layouts import write_layout

    root = tmp_path / "set"
    write_layout("scamps", root, 1, settings=SceneSettings(duration_s=2.0, width=64, height=48))
    (entry,) = open_dataset("scamps", root).entries()
    with h5py.File(root / "P000001.mat", "a") as file:
        file["au12"][3] = np.nan
    codes = entry.load().action_units
    assert codes is not None
    assert codes.occurrence[3, codes.labels.index("AU12")] == UNKNOWN
    with h5py.File(root / "P000001.mat", "a") as file:
        file["au12"][4] = 60.0
    with pytest.raises(DatasetError, match=r"value 5 of 'au12' in 'P000001\.mat' is 60; expected a share"):
        entry.load()

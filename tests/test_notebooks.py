"""The notebooks run from top to bottom, each in a folder of its own."""

import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("skimage")
pytest.importorskip("pandas")
pytest.importorskip("matplotlib")
pytest.importorskip("ipykernel")
jupytext = pytest.importorskip("jupytext")
nbclient = pytest.importorskip("nbclient")

NOTEBOOKS = Path(__file__).parents[1] / "examples" / "notebooks"


def execute(name: str, folder: Path) -> Any:
    """The notebook with what its cells printed and showed."""
    notebook = jupytext.read(NOTEBOOKS / f"{name}.py")
    client = nbclient.NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    return client.execute()


def printed(notebook: Any) -> str:
    return "".join(
        output["text"]
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        if output.output_type == "stream"
    )


def shown(notebook: Any, kind: str) -> list[str]:
    """What the last lines of cells are, as one kind of content."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ()) if "data" in output]
    return [output["data"][kind] for output in outputs if kind in output["data"]]


def test_there_is_no_other_one() -> None:
    assert {f"test_{path.stem}" for path in NOTEBOOKS.glob("*.py")} <= set(globals())


def test_first_measurement(tmp_path: Path) -> None:
    notebook = execute("first_measurement", tmp_path)
    rates = re.findall(r"^(\w+) rate: true ([\d.]+), measured ([\d.]+) \w+/min", printed(notebook), re.MULTILINE)
    assert [name for name, _, _ in rates] == ["heart", "breathing"]
    for _, true, measured in rates:
        assert float(measured) == pytest.approx(float(true), abs=2)
    tables = shown(notebook, "text/html")
    assert "beats/min" in tables[0]
    assert "no face was found" in tables[-1]
    assert len(shown(notebook, "image/png")) >= 2
    assert len(re.findall(r"^(?:pos|chrom|green) ", printed(notebook), re.MULTILINE)) == 3


def test_own_recordings_to_results(tmp_path: Path) -> None:
    notebook = execute("own_recordings_to_results", tmp_path)
    answered = re.search(r"answered (\d) of 4, mean absolute error ([\d.]+) beats/min", printed(notebook))
    assert answered is not None
    assert int(answered[1]) >= 3
    assert float(answered[2]) < 2
    assert len((tmp_path / "my_results" / "frames.csv").read_text().splitlines()) == 1 + 4 * 320
    assert len(shown(notebook, "image/png")) == 1
    assert re.search(r"physiocam [\d.]+, weights 'default' \(sha256 [0-9a-f]{12}\)$", printed(notebook), re.MULTILINE)

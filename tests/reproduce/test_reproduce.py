"""Every table and figure of the paper on a small generated store, and cross-validation beneath them."""

import csv
import json
import re
import runpy
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pl = pytest.importorskip("pytorch_lightning")
pytest.importorskip("matplotlib")

from safetensors.torch import load_file, save_file  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from physiocam.cli import app  # noqa: E402
from physiocam.datasets.store.prepare import PrepareSettings, prepare  # noqa: E402
from physiocam.datasets.store.store import Store  # noqa: E402
from physiocam.errors import PhysiocamError  # noqa: E402
from physiocam.evaluation.chain import chain_of  # noqa: E402
from physiocam.evaluation.cross_validation import cross_validate, parse_folds, subject_folds  # noqa: E402
from physiocam.evaluation.evaluate import evaluate  # noqa: E402
from physiocam.evaluation.predict_network import predict_with_network  # noqa: E402
from physiocam.networks.network import Network  # noqa: E402
from physiocam.networks.registry import build, preset, preset_names  # noqa: E402
from physiocam.reproduce.figures import reproduce_figure  # noqa: E402
from physiocam.reproduce.published import published_tables  # noqa: E402
from physiocam.reproduce.table_values import row_values  # noqa: E402
from physiocam.reproduce.tables import ReproductionRun, reproduce_table  # noqa: E402
from physiocam.signals.methods import METHODS  # noqa: E402
from physiocam.signals.settings import SETTINGS  # noqa: E402
from physiocam.synthetic.recordings import settings_of, synthetic_entries  # noqa: E402
from physiocam.training import fit  # noqa: E402
from physiocam.training.module import TrainModule  # noqa: E402
from physiocam.training.settings import TrainSettings  # noqa: E402


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four people of 6 s, at the least sizes that every network of the tables takes."""
    path = tmp_path_factory.mktemp("stores") / "drawn"
    scenes = replace(settings_of("easy"), duration_s=6.0, fs=15.0, height=180, width=240)
    outcome = prepare(synthetic_entries(4, trials=1, settings=scenes), path, PrepareSettings(big_size=66, small_size=4))
    assert [one.error for one in outcome] == [None] * 4
    return path


def networks_of(folder: Path) -> dict[str, Network]:
    config = TrainSettings.model_validate_json((folder / "settings.json").read_text()).network
    network = build(config)
    network.load_state_dict(load_file(folder / "weights.safetensors"))
    return {"network": network.eval()}


@pytest.fixture
def untraced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets runs take a step and end in weights for PyTorch: more for thirty networks would take minutes."""

    def trainer(*arguments: Any) -> Any:
        made = whole(*arguments)
        made.limit_train_batches = 1
        return made

    def export(module: TrainModule, *_: Any) -> None:
        folder = module.settings.output / "bundle"
        folder.mkdir()
        save_file(module.network.state_dict(), folder / "weights.safetensors")
        (folder / "settings.json").write_text(module.settings.model_dump_json())

    def load(folder: Path) -> SimpleNamespace:
        settings = TrainSettings.model_validate_json((folder / "settings.json").read_text())
        provenance = {"settings": settings.model_dump(mode="json")}
        return SimpleNamespace(folder=folder, info=SimpleNamespace(provenance=provenance))

    def predict(bundle: Any, store: Any, recordings: Any = None, **_: Any) -> Any:
        return predict_with_network(networks_of(getattr(bundle, "folder", bundle))["network"], store, recordings)

    whole = fit._trainer
    monkeypatch.setattr(fit, "_trainer", trainer)
    monkeypatch.setattr(fit, "_export", export)
    monkeypatch.setattr(fit, "load_bundle", load)
    for module in ("physiocam.evaluation.cross_validation", "physiocam.reproduce.tables"):
        monkeypatch.setattr(f"{module}.predict_with_bundle", predict)
    monkeypatch.setattr("physiocam.reproduce.figures.load_networks", lambda bundle: networks_of(bundle.folder))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder of runs, which all targets share."""
    return tmp_path_factory.mktemp("runs")


def bench(store: Path, runs: Path, *tested: Path) -> ReproductionRun:
    settings = TrainSettings(store=store, output=runs, epochs=1, batch_clips=6)
    return ReproductionRun(settings, subject_folds(Store(store), 2), tested)


@pytest.mark.parametrize("name", published_tables())
def test_every_table_stands_beside_the_papers(
    store: Path, runs: Path, tmp_path: Path, untraced: None, name: str
) -> None:
    across = name in ("table3-pure", "table3-ubfc", "table4")
    page = reproduce_table(name, bench(store, runs, *([store] if across else [])), tmp_path)
    text = page.read_text()
    published = published_tables()[name]
    tested = ", tested on 'drawn'" if across else ", 2 folds"
    assert text.splitlines()[0] == f"# {published.title}: ours trained on 'drawn'{tested}"
    assert f"{published.source}, {published.run}." in text
    assert published.source in text
    assert "frames of 66 and 4 pixels (paper: 144 and 9)" in text
    assert "1 epochs (paper: 5)" in text
    assert "trained on squares of 1 times the face (paper: the largest squares at the bottom of the frames)" in text
    chain = chain_of(page)
    assert chain.wrong == 0
    assert [link.what.split(",")[0] for link in chain.made_of] == [f"store {store.resolve()}"]
    rows = list(csv.DictReader((tmp_path / f"{name}.csv").open()))
    for row in published.rows:
        assert row.name in text
        ours = {r["figure"]: r["ours"] for r in rows if r["row"] == row.name}
        # Whatever the paper tells of a row was measured, but for correlations that so few recordings do not define.
        for group, figure in (("heart", "heart_mae"), ("breathing", "breathing_mae"), ("au", "au_f1")):
            if getattr(row, group) is not None:
                assert ours[figure] != ""
        assert {f"f1_{label}" for label in row.units} <= set(ours)
        if row.cost is not None:
            assert float(ours["parameters_m"]) > 0
    assert ("FLOPs a frame (M) | Params (M)" in text) == any(row.cost for row in published.rows)
    assert text.count("**") >= 2 * any(row.heart for row in published.rows)
    if name == "table1":
        assert re.search(
            r"\| Small branch \| [+-]\d+\.\d\d \[[+-]\d+\.\d\d, [+-]\d+\.\d\d\] on 4 recordings of 4 subjects \|",
            text,
        )
        assert re.search(
            r"\| Big branch \| - \| - \| [+-]\d+\.\d \[[+-]\d+\.\d, [+-]\d+\.\d\] on 4 recordings of 4 subjects \|",
            text,
        )


def test_further_seeds_are_averaged_and_spread(store: Path, runs: Path, tmp_path: Path, untraced: None) -> None:
    one = bench(store, runs)
    page = reproduce_table("table7", replace(one, further_seeds=(7,)), tmp_path)
    assert page.read_text().splitlines()[0].endswith("ours trained on 'drawn', 2 folds, 2 seeds")
    chain = chain_of(page)
    assert chain.wrong == 0
    (seeds, other) = one.within("bigsmall"), replace(one, further_seeds=(7,)).within("bigsmall")
    assert [len(found[0]) for found in (seeds, other)] == [2, 4]
    of_seeds = [row_values([evaluate(part, SETTINGS["paper"]) for part in other[0][k : k + 2]]) for k in (0, 2)]
    both = row_values([evaluate(part, SETTINGS["paper"]) for part in other[0]])
    for recording, error in both.errors["heart"].items():
        assert error == pytest.approx(np.mean([values.errors["heart"][recording] for values in of_seeds]))
    made = json.loads((tmp_path / "table7.json").read_text())
    assert made["made_with"]["further_seeds"] == [7]


def test_tables_across_data_sets_compare_faces_that_are_cut_out_alike(store: Path, runs: Path, tmp_path: Path) -> None:
    scene = replace(settings_of("easy"), duration_s=1.0, fs=15.0, height=64, width=64)
    entries = synthetic_entries(1, trials=1, settings=scene)
    prepare(entries, tmp_path / "other", PrepareSettings(crop="center", big_size=66, small_size=4))
    with pytest.raises(PhysiocamError, match=r"'other' holds the largest squares in the middle .* --set crop=face"):
        reproduce_table("table4", bench(store, runs, tmp_path / "other"), tmp_path)


def test_the_ablation_finds_its_way_into_the_page(
    store: Path, runs: Path, tmp_path: Path, untraced: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    reproduce_table("table1", bench(store, runs), tmp_path)
    (tmp_path / "runs").symlink_to(runs)
    (tmp_path / "docs").mkdir()
    page = tmp_path / "docs" / "reproduce.md"
    page.write_text("before\n<!-- ablation -->\nold\n<!-- end of ablation -->\nafter\n")
    beside = tmp_path / "scripts" / "pages"
    beside.mkdir(parents=True)
    script = shutil.copy(Path(__file__).parents[2] / "scripts" / "pages" / "ablation_page.py", beside)
    monkeypatch.setattr(sys, "argv", ["ablation_page.py", str(tmp_path)])
    runpy.run_path(str(script), run_name="__main__")
    lines = page.read_text().splitlines()
    assert (lines[0], lines[-1]) == ("before", "after")
    assert "old" not in lines
    rows = {cells[1].strip(): cells[2:] for line in lines if len(cells := line.split("|")) == 10}
    first, small, big = (rows[name] for name in ("BigSmall, wrapping shift", "Small branch", "Big branch"))
    assert first[1].strip().endswith("of 4")
    # Differences are from the first row, which has none from itself.
    assert "[" not in first[2]
    assert re.search(r"\([+-]\d+\.\d\d \[[+-]\d+\.\d\d, [+-]\d+\.\d\d\]\)", small[2])
    assert [cell.strip() for cell in big[:6]] == ["-"] * 6
    assert "[" not in first[6]
    assert re.search(r"\d+\.\d \(\d+\.\d, \d+\.\d; [+-]\d+\.\d \[[+-]\d+\.\d, [+-]\d+\.\d\]\)", big[6])
    assert small[6].strip() == "-"


@pytest.mark.parametrize("name", ["figure5", "figure6", "figure7"])
def test_every_figure_is_drawn(store: Path, runs: Path, tmp_path: Path, untraced: None, name: str) -> None:
    usual = replace(bench(store, runs), clip_lengths=(1, 3))
    text = reproduce_figure(name, usual, tmp_path).read_text()
    assert "arXiv 2303.11573" in text
    assert "## Where the set-up differs" in text
    assert "1 epochs (paper: 5)" in text
    assert text.splitlines()[0].endswith("ours trained on 'drawn'" + ("" if name == "figure5" else ", 2 folds"))
    assert chain_of(tmp_path / f"{name}.md").wrong == 0
    if name == "figure5":
        printed = {line.split("|")[1].strip(): line.split("|")[5].strip() for line in text.splitlines() if "|" in line}
        assert (printed["au, pulse"], printed["au, respiration"], printed["pulse, respiration"]) == (
            "100.3", "106.3", "46.2"
        )  # fmt: skip
    if name == "figure6":
        assert re.search(r"\| 3 \| \d+\.\d \+- \d+\.\d \| \d+\.\d, \d+\.\d \|", text)
    assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_a_run_weighs_the_tasks_that_its_network_has(store: Path, runs: Path) -> None:
    usual = bench(store, runs)
    weighing = replace(usual, settings=usual.settings.model_copy(update={"task_weights": {"au": 20.0, "pulse": 2.0}}))
    assert weighing.run_settings("bigsmall", "whole").task_weights == {"au": 20.0, "pulse": 2.0}
    assert weighing.run_settings("small-pulse", "whole").task_weights == {"pulse": 2.0}
    for method in ("bigsmall", "small-pulse"):
        own = weighing.run_settings(method, "whole")
        assert TrainSettings.model_validate(own.model_dump(mode="json")) == own


def test_runs_are_shared_and_not_repeated(
    store: Path, runs: Path, tmp_path: Path, untraced: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    reproduce_table("table7", bench(store, runs), tmp_path)
    before = (tmp_path / "table7.md").read_text()
    monkeypatch.setattr(TrainModule, "training_step", None)
    reproduce_table("table7", bench(store, runs), tmp_path)
    assert (tmp_path / "table7.md").read_text() == before


@pytest.fixture
def fewer(store: Path, tmp_path: Path) -> Path:
    """The store without its last person."""
    other = Path(shutil.copytree(store, tmp_path / "fewer"))
    shutil.rmtree(other / Store(other).names()[-1])
    return other


def test_another_second_store_is_predicted_anew(
    store: Path, fewer: Path, runs: Path, tmp_path: Path, untraced: None
) -> None:
    counted: dict[Path, dict[str, str]] = {}
    lines: list[str] = []
    for tested in (store, fewer, store):
        usual = replace(bench(store, runs, store, tested), progress=lines.append)
        page = reproduce_table("table7", usual, tmp_path)
        rows = list(csv.DictReader(page.with_suffix(".csv").open()))
        ours = {f"{row['row']} {row['figure']}": row["ours"] for row in rows}
        assert counted.setdefault(tested, ours) == ours
        names = {path.stem for path in (runs / "folds" / "bigsmall").glob("fold-*/predictions-2/*.npz")}
        assert names == set(Store(tested).names())
    assert counted[store] != counted[fewer]
    assert any("predicted again" in line and "which is not there now" in line for line in lines)


def test_recordings_added_to_a_store_are_noticed(
    store: Path, fewer: Path, tmp_path: Path, untraced: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = TrainSettings(
        store=fewer, output=tmp_path / "cv", epochs=1, batch_clips=6, network=bench(store, tmp_path).config("small")
    )
    folds = (("S001",), ("S002",))
    assert cross_validate(settings, folds) is not None
    with monkeypatch.context() as patch:
        patch.setattr(TrainModule, "training_step", None)
        # The same recordings elsewhere are the same.
        moved = settings.model_copy(update={"store": Path(shutil.copytree(fewer, tmp_path / "moved"))})
        assert cross_validate(moved, folds) is not None
        # Folds of other settings are not joined with it.
        with pytest.raises(PhysiocamError, match="with epochs 1, not 2"):
            cross_validate(settings.model_copy(update={"epochs": 2}), folds, only=1)
        with pytest.raises(PhysiocamError, match="without recording 'S004"):
            cross_validate(settings.model_copy(update={"store": store}), folds)


@pytest.mark.parametrize("left", ["old", "weights", "code", "file"])
def test_predictions_that_are_not_known_are_made_anew(
    store: Path, tmp_path: Path, untraced: None, monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    settings = TrainSettings(
        store=store, output=tmp_path, epochs=1, batch_clips=6, network=bench(store, tmp_path).config("small")
    )
    folds = (("S001",), ("S002",))
    first = cross_validate(settings, folds)
    assert first is not None
    kept = tmp_path / "fold-1" / "predictions"
    if left == "old":
        (kept / "made_with.json").unlink()
        (kept / "done").touch()
        shutil.copy(next(kept.glob("*.npz")), kept / "another.npz")
    elif left == "weights":
        path = tmp_path / "fold-1" / "bundle" / "weights.safetensors"
        save_file({name: torch.zeros_like(tensor) for name, tensor in load_file(path).items()}, path)
    elif left == "code":
        monkeypatch.setattr("physiocam.foundation.provenance._package_digest", lambda: "another")
    else:
        next(kept.glob("*.npz")).unlink()
    lines: list[str] = []
    again = cross_validate(settings, folds, progress=lines.append)
    assert again is not None
    assert any("predicted again" in line for line in lines)
    assert [path.stem for path in kept.glob("*.npz")] == [one.name for one in again[0][0]] == ["S001_T1"]
    if left != "weights":
        before, now = (found[0][0][0].waveforms["respiration"] for found in (first, again))
        assert np.array_equal(before, now, equal_nan=True)


def test_nobody_is_tested_by_a_network_that_saw_them(store: Path, tmp_path: Path, untraced: None) -> None:
    settings = TrainSettings(
        store=store, output=tmp_path, epochs=1, batch_clips=6, network=bench(store, tmp_path).config("small")
    )
    folds = subject_folds(Store(store), 2)
    assert cross_validate(settings, folds, only=1) is None
    joined = cross_validate(settings, folds)
    assert joined is not None
    assert [{one.subject for one in part} for part in joined[0]] == [set(part) for part in folds]
    for number, subjects in enumerate(folds, start=1):
        kept = TrainSettings.model_validate_json((tmp_path / f"fold-{number}" / "bundle" / "settings.json").read_text())
        assert set(kept.exclude_subjects) == set(subjects)
    with pytest.raises(PhysiocamError, match="expected 1 to 2"):
        cross_validate(settings, folds, only=3)


def test_folds_are_whole_and_apart(store: Path) -> None:
    opened = Store(store)
    folds = subject_folds(opened, 3, seed=1)
    assert sorted(subject for part in folds for subject in part) == ["S001", "S002", "S003", "S004"]
    assert subject_folds(opened, 3, seed=1) == folds
    with pytest.raises(PhysiocamError, match="expected 2 to 4"):
        subject_folds(opened, 5)
    with pytest.raises(PhysiocamError, match="no subject of fold 1"):
        parse_folds(opened, "paper", 0)
    with pytest.raises(PhysiocamError, match="known are"):
        parse_folds(opened, "third", 0)


@pytest.mark.usefixtures("traced_once")
def test_the_commands_from_store_to_page(store: Path, tmp_path: Path) -> None:
    arguments = [
        str(store),
        "-o",
        str(tmp_path / "out"),
        "--folds",
        "2",
        "--set",
        "epochs=1",
        "--set",
        "batch_clips=60",
    ]
    answer = CliRunner().invoke(app, ["reproduce", "table7", *arguments])
    assert answer.exit_code == 0, answer.output
    assert "Grey Big" in (tmp_path / "out" / "table7.md").read_text()
    bundle = tmp_path / "out" / "runs" / "folds" / "bigsmall" / "fold-1" / "bundle"
    answer = CliRunner().invoke(app, ["evaluate", str(store), "-o", str(tmp_path / "ev"), "--weights", str(bundle)])
    assert answer.exit_code == 0, answer.output
    assert {path.name for path in (tmp_path / "ev").iterdir()} == {
        "evaluation.md", "evaluation.json", "rates.csv", "rates.png", "waveforms.png", "action_units.png", "predictions"
    }  # fmt: skip
    again = CliRunner().invoke(app, ["evaluate", str(tmp_path / "ev" / "predictions"), "-o", str(tmp_path / "again")])
    assert again.exit_code == 0, again.output
    assert (tmp_path / "again" / "rates.csv").read_text() == (tmp_path / "ev" / "rates.csv").read_text()


def evaluation(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["evaluate", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


def test_a_folder_of_results_is_of_one_thing(store: Path, fewer: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    evaluation(store, "-o", out, "--method", "pos")
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    for arguments, words in (
        ((store, "--method", "chrom"), "with method 'pos', not 'chrom'"),
        ((fewer, "--method", "pos"), "which is not there now"),
        ((store, "--method", "pos", "--settings", "paper"), "with settings 'default', not 'paper'"),
        ((store, "--method", "pos", "--window", "5"), "with window None, not 5.0"),
    ):
        with pytest.raises(PhysiocamError, match=rf"{words}; choose another folder with -o, or remove it"):
            evaluation(*arguments, "-o", out)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    (out / "predictions" / "notes.txt").write_text("mine")
    # The same again is the same again; a picture that is no longer drawn would not stay.
    (out / "action_units.png").write_text("of an earlier one")
    evaluation(store, "-o", out, "--method", "pos")
    assert not (out / "action_units.png").exists()
    assert (out / "predictions" / "notes.txt").read_text() == "mine"
    assert (out / "rates.csv").read_bytes() == before[out / "rates.csv"]


def test_results_of_which_nothing_is_known_are_refused(store: Path, tmp_path: Path) -> None:
    evaluation(store, "-o", tmp_path / "out", "--method", "pos")
    content = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    del content["made_with"]
    (tmp_path / "out" / "evaluation.json").write_text(json.dumps(content))
    for _ in range(2):
        with pytest.raises(PhysiocamError, match="without a record of what they were made with"):
            evaluation(store, "-o", tmp_path / "out", "--method", "pos")
        (tmp_path / "out" / "evaluation.json").unlink(missing_ok=True)
        (tmp_path / "out" / "predictions" / "made_with.json").unlink(missing_ok=True)


def test_kept_predictions_say_by_what_they_were_made(store: Path, tmp_path: Path) -> None:
    evaluation(store, "-o", tmp_path / "out", "--method", "pos")
    kept = tmp_path / "out" / "predictions"
    output = evaluation(kept, "-o", tmp_path / "again")
    assert "# drawn, pos" in output
    assert "'respiration' is not evaluated: 'pos' measures the pulse only" in output
    with pytest.raises(PhysiocamError, match="'chrom' can predict a store only"):
        evaluation(kept, "-o", tmp_path / "again", "--method", "chrom")
    # Predictions of two methods are not taken for one.
    shutil.copy(next(kept.glob("*.npz")), kept / "other.npz")
    with pytest.raises(PhysiocamError, match=r"with 'other\.npz', which was not made with the others"):
        evaluation(kept, "-o", tmp_path / "mixed")
    (kept / "made_with.json").unlink()
    assert "without a record of what they were made with" in evaluation(kept, "-o", tmp_path / "unknown")


def test_breathing_that_a_store_cannot_give_is_named(tmp_path: Path) -> None:
    scenes = replace(settings_of("easy"), duration_s=4.0, fs=25.0, height=180, width=240)
    prepare(synthetic_entries(1, trials=1, settings=scenes), tmp_path / "store", PrepareSettings(slow=None))
    output = evaluation(tmp_path / "store", "-o", tmp_path / "out")
    (line,) = [line for line in output.splitlines() if "respiration" in line]
    assert "is not evaluated" in line
    assert "physiocam prepare NAME ROOT STORE --set slow.fs=5" in line
    said = json.loads((tmp_path / "out" / "evaluation.json").read_text())["left_out"]
    assert line.removeprefix("- ") in said
    assert line in (tmp_path / "out" / "evaluation.md").read_text()
    assert line in evaluation(tmp_path / "out" / "predictions", "-o", tmp_path / "again")


def test_every_published_row_names_something_that_exists() -> None:
    for published in published_tables().values():
        for row in published.rows:
            assert set(row.methods) <= {*preset_names(), *METHODS}
            tasks = {task.name for method in row.methods if method in preset_names() for task in preset(method).tasks}
            if row.heart is not None and not set(row.methods) & set(METHODS):
                assert "pulse" in tasks
            if row.breathing is not None:
                assert "respiration" in tasks

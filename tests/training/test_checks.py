"""What cannot be trained or evaluated is refused before PyTorch is imported, with the whole fix."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("yaml")
pytest.importorskip("zarr")

from physiocam.datasets.store.store import Store
from physiocam.errors import PhysiocamError
from physiocam.networks.config import BigSmallConfig
from physiocam.training.checks import check_run, check_store
from physiocam.training.settings import TrainSettings, read_settings, settings_yaml
from physiocam.weights.bundle import load_bundle


def test_all_sizes_of_the_fix_are_named(store: Path, tmp_path: Path) -> None:
    run = TrainSettings(store=store, output=tmp_path, network=BigSmallConfig(big_size=48, small_size=3))
    with pytest.raises(PhysiocamError) as caught:
        check_store(Store(store), run)
    assert "big_size 32 and small_size 2, and the network takes big_size 48 and small_size 3" in str(caught.value)
    assert str(caught.value).endswith("physiocam prepare NAME ROOT STORE --set big_size=48 --set small_size=3")


def test_a_run_that_has_ended_needs_no_store(tmp_path: Path) -> None:
    run = TrainSettings(store=tmp_path / "gone", output=tmp_path / "run")
    with pytest.raises(PhysiocamError, match="gone"):
        check_run(run)
    (tmp_path / "run" / "bundle").mkdir(parents=True)
    check_run(run)


@pytest.mark.parametrize(
    "command",
    [
        ["train", "--set", "output=OUT", "--set", "store=STORE"],
        ["cross-validate", "--set", "output=OUT", "--set", "store=STORE"],
        ["evaluate", "STORE", "-o", "OUT"],
    ],
)
def test_the_command_line_refuses_without_pytorch(command: list[str], store: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from physiocam.cli import main\n"
        "try:\n    main()\nfinally:\n    print([m for m in ('torch', 'pytorch_lightning') if m in sys.modules])"
    )
    arguments = [word.replace("STORE", str(store)).replace("OUT", str(tmp_path / "out")) for word in command]
    answer = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert answer.returncode == 1
    assert answer.stderr.count("\n") == 1
    info = load_bundle("default").info
    assert f"--set big_size={info.big_size} --set small_size={info.small_size}" in answer.stderr
    assert answer.stdout.strip() == "[]"


def test_settings_are_shown_before_they_are_complete(tmp_path: Path) -> None:
    shown = settings_yaml(None, ["epochs=7"])
    assert "epochs: 7\n" in shown
    assert shown.endswith("# store: required\n# output: required\n")
    path = tmp_path / "run.yaml"
    path.write_text(shown)
    assert read_settings(path, ["store=s", "output=o"]).epochs == 7
    assert "# store" not in settings_yaml(path, ["store=s"])
    with pytest.raises(PhysiocamError, match="epochs is 0"):
        settings_yaml(None, ["epochs=0"])


def test_all_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(PhysiocamError) as caught:
        read_settings(None)
    assert "'store' is missing and 'output' is missing" in str(caught.value)
    assert "--set store=VALUE --set output=VALUE" in str(caught.value)

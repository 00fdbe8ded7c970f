"""Settings of a run: YAML, changes on the command line, and errors that name the field."""

from pathlib import Path

import pytest

pytest.importorskip("yaml")

from physiocam.errors import PhysiocamError
from physiocam.networks.config import BigSmallConfig
from physiocam.networks.registry import preset
from physiocam.training.settings import read_settings

NEEDED = ["store=s", "output=o"]


def test_the_defaults_are_the_papers_protocol() -> None:
    settings = read_settings(None, NEEDED)
    assert (settings.epochs, settings.batch_clips, settings.learning_rate, settings.seed) == (5, 180, 1e-3, 100)
    assert settings.network == preset("bigsmall")


def test_a_file_and_changes_to_it(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("store: s\noutput: o\nnetwork: bigsmall-tsm\nepochs: 3\n")
    settings = read_settings(path, ["epochs=7", "network.clip_length=6", "subjects=[a, b]"])
    assert settings.epochs == 7
    assert settings.subjects == ("a", "b")
    # As when the configuration is written out: the stride of a preset stays what it was.
    assert settings.network == BigSmallConfig(shift="zero", clip_length=6, big_stride=3)


def test_weights_of_tasks_by_name_or_all_at_once(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("store: s\noutput: o\ntask_weights: {pulse: 3}\n")
    assert read_settings(path, ["task_weights.au=20"]).task_weights == {"pulse": 3.0, "au": 20.0}
    assert read_settings(None, [*NEEDED, "task_weights={au: 2}"]).task_weights == {"au": 2.0}
    assert read_settings(None, NEEDED).task_weights == {}


def test_what_is_printed_is_read_back(tmp_path: Path) -> None:
    settings = read_settings(None, [*NEEDED, "network=mtts-can", "exclude_subjects=[x]"])
    path = tmp_path / "run.yaml"
    path.write_text(settings.to_yaml())
    assert read_settings(path) == settings


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([], "'store' is missing"),
        ([*NEEDED, "epochs=0"], "epochs is 0.*greater than or equal to 1"),
        ([*NEEDED, "network=bigsmal"], "network is 'bigsmal'.*bigsmall-tsm"),
        ([*NEEDED, "colour=red"], "'colour' is not a field.*learning_rate"),
        ([*NEEDED, "pos_weight=some"], "pos_weight is 'some'.*'train', 'published' or 'none'"),
        ([*NEEDED, "schedule=cosine"], "schedule is 'cosine'.*'constant' or 'one-cycle'"),
        ([*NEEDED, "initialization=xavier"], "initialization is 'xavier'.*'pytorch' or 'he'"),
        ([*NEEDED, "dropout=1.0"], "dropout is 1.0.*less than 1"),
        (
            [*NEEDED, "task_weights.gaze=2"],
            "^task_weights names 'gaze'; the network's tasks are au, pulse, respiration$",
        ),
        ([*NEEDED, "task_weights.au=0"], "task_weights.au is 0.*greater than 0"),
        ([*NEEDED, "devices=7"], "^batch_clips is 180.*multiple of 7$"),
        ([*NEEDED, "devices=2", "gradients=pcgrad"], "in one only"),
        ([*NEEDED, "epochs"], "FIELD=VALUE"),
        ([*NEEDED, "epochs.deep=1"], "no fields of its own"),
        ([*NEEDED, "network.shift=sideways"], "network"),
    ],
)
def test_errors_name_the_field_and_what_is_allowed(changes: list[str], words: str) -> None:
    with pytest.raises(PhysiocamError, match=words) as caught:
        read_settings(None, changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a\n", "holds list"),
        ("a: [", "not YAML"),
        ("\x00", "not YAML"),
        ("seed: 2001-99-99", "not YAML: month must be in"),
        ("[" * 5000, "not YAML"),
        (f"seed: {'9' * 5000}", "not YAML"),
        (f"store: a\noutput: b\nepochs: -0x{'f' * 5000}", "run.yaml': epochs"),
        ("store: a", "run.yaml': 'output' is missing"),
        ("store: a\noutput: b\nnetwork: {architecture: []}", "run.yaml': network.* architecture is \\[\\]"),
    ],
)
def test_a_file_that_is_no_settings(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(text)
    with pytest.raises(PhysiocamError, match=words):
        read_settings(path)
    with pytest.raises(PhysiocamError, match="cannot be read"):
        read_settings(tmp_path / "none.yaml")


def test_a_short_file_that_stands_for_a_long_value_is_told_of_in_a_line(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    path.write_text("\n".join(["store: a", "output: b", *lines, "epochs: *a8"]))
    with pytest.raises(PhysiocamError) as error:
        read_settings(path)
    assert len(str(error.value)) < 600

"""What results were made of is found again, and everything that changed since is named."""

import os
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

torch = pytest.importorskip("torch")
pytest.importorskip("zarr")
pytest.importorskip("onnxscript")

from physiocam.cli import app  # noqa: E402
from physiocam.datasets.readers.catalogue import open_dataset  # noqa: E402
from physiocam.datasets.store.prepare import PrepareSettings, prepare  # noqa: E402
from physiocam.datasets.store.store import Store  # noqa: E402
from physiocam.errors import PhysiocamError  # noqa: E402
from physiocam.evaluation.chain import chain_of  # noqa: E402
from physiocam.networks.bigsmall import BigSmall  # noqa: E402
from physiocam.networks.config import BigSmallConfig  # noqa: E402
from physiocam.video.writer import write_video  # noqa: E402
from physiocam.weights.export import BundleAbout, export_bundle  # noqa: E402

pytestmark = pytest.mark.usefixtures("traced_once")


def physiocam(*arguments: object) -> tuple[int, str]:
    answer = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return answer.exit_code, answer.output


def write_bundle(folder: Path, store: Path, seed: int) -> None:
    torch.manual_seed(seed)
    facts = {"store_path": str(store), "recordings": Store(store).digests(), "version": "0.2.0"}
    network = BigSmall(BigSmallConfig(big_size=32, small_size=2))
    about = BundleAbout("a test", "none", facts)
    export_bundle({"one": network}, folder, name="own", about=about, fs=25.0, overwrite=True)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A data set of two videos, a store, a bundle that was trained on it, and its evaluation."""
    (tmp_path / "videos").mkdir()
    rng = np.random.default_rng(0)
    for name in "ab":
        frames = rng.integers(0, 256, (12, 48, 48, 3)).astype(np.uint8)
        write_video(tmp_path / "videos" / f"{name}.mp4", frames, 24.0)
    settings = PrepareSettings(crop="center", big_size=32, small_size=2, slow=None)
    prepare(open_dataset("folder", tmp_path / "videos").entries(), tmp_path / "store", settings)
    write_bundle(tmp_path / "bundle", tmp_path / "store", seed=0)
    status, said = physiocam("evaluate", tmp_path / "store", "--weights", tmp_path / "bundle", "-o", tmp_path / "ev")
    assert status == 0, said
    return tmp_path


def test_the_chain_goes_back_to_the_videos(place: Path) -> None:
    status, said = physiocam("provenance", place / "ev" / "evaluation.md")
    assert status == 0, said
    kinds = [line.strip().split(" ")[0] for line in said.splitlines()]
    assert kinds == ["evaluation", "predictions", "bundle", "store", "2", "store", "2"]
    assert said.count(": as made\n") == 5
    assert said.count(": sizes and times as prepared\n") == 2
    assert "crop center" in said


def edit(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b" ")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda place: edit(place / "ev" / "rates.csv"), "with another 'rates.csv' than was made"),
        (lambda place: edit(place / "ev" / "predictions" / "a.npz"), "with another 'a.npz' than was made"),
        (lambda place: (place / "ev" / "predictions" / "a.npz").unlink(), "without 'a.npz', which was made"),
        (lambda place: edit(place / "bundle" / "one.safetensors"), "is not the file that bundle.json describes"),
        (lambda place: write_bundle(place / "bundle", place / "store", seed=1), "other weights than"),
        (lambda place: os.utime(place / "videos" / "a.mp4", (1, 1)), "a.mp4' has changed since"),
    ],
)
def test_whatever_changed_is_named(place: Path, change: object, said: str) -> None:
    assert callable(change)
    change(place)
    status, output = physiocam("provenance", place / "ev")
    assert status == 1
    assert said in output
    assert "of these are not what the result was made of; make it again" in output


def test_a_store_that_was_prepared_from_other_videos_is_named(place: Path) -> None:
    store = place / "store"
    store.rename(place / "old")
    rng = np.random.default_rng(1)
    write_video(place / "videos" / "a.mp4", rng.integers(0, 256, (12, 48, 48, 3)).astype(np.uint8), 24.0)
    settings = PrepareSettings(crop="center", big_size=32, small_size=2, slow=None)
    prepare(open_dataset("folder", place / "videos").entries(), store, settings)
    _, output = physiocam("provenance", place / "ev")
    assert "by physiocam 0.2.0: with recording 'a' of other content" in output


def test_what_is_no_longer_there_is_not_checked_and_not_wrong(place: Path) -> None:
    (place / "store").rename(place / "away")
    status, output = physiocam("provenance", place / "ev")
    assert status == 0
    assert output.count("not checked: it is not there") == 2


def test_a_measurement_names_its_video_and_weights(place: Path) -> None:
    video = place / "videos" / "a.mp4"
    status, said = physiocam("measure", video, "--weights", place / "bundle", "-o", place / "out", "--face", "center")
    assert status == 0, said
    link = chain_of(place / "out" / "measurement.json")
    assert [each.what.split(" ")[0] for each in (link, *link.made_of)] == ["measurement", "bundle", "video"]
    assert link.wrong == 0
    edit(place / "out" / "measurement.json")
    edit(video)
    wrong = [
        line.strip() for line in chain_of(place / "out").lines() if not line.endswith((": as made", "as prepared"))
    ]
    assert len(wrong) == 3  # the video is also what the store was prepared from
    assert wrong[0].endswith("with another 'measurement.json' than was made")
    assert wrong[2].endswith("a.mp4: another video than was measured")


def test_networks_for_other_runtimes_name_their_bundle(place: Path) -> None:
    status, said = physiocam("weights", "export", place / "bundle", place / "exported", "--to", "onnx")
    assert status == 0, said
    link = chain_of(place / "exported")
    assert [each.what.split(" ")[0] for each in (link, *link.made_of)] == ["networks", "bundle"]
    assert link.wrong == 0
    assert link.made_of[0].made_of[0].what.startswith("store ")
    write_bundle(place / "bundle", place / "store", seed=1)
    status, said = physiocam("provenance", place / "exported" / "one.onnx")
    assert (status, "other weights than" in said) == (1, True)


def test_the_default_bundle_and_what_has_no_record() -> None:
    assert chain_of("default").what.startswith("bundle default, ")
    with pytest.raises(PhysiocamError, match="is not a result with a record of what it was made of; expected"):
        chain_of(__file__)

"""What networks look at in a recording: the right moments, branches, averages and files."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.errors import PhysiocamError
from physiocam.networks.config import AU, PULSE, RESPIRATION, BigSmallConfig, NetworkConfig
from physiocam.video.locators import Square
from physiocam.video.resize import area_resize
from physiocam.weights.bundle import Bundle

pytest.importorskip("torch")

from physiocam.report.attention import Attention
from physiocam.report.find_attention import find_attention

MakeBundle = Callable[[Mapping[str, NetworkConfig]], Bundle]

JOINT = BigSmallConfig(big_size=48, small_size=3)
BIG = BigSmallConfig(branches="big", shift="none", big_stride=1, tasks=(AU,), big_size=48, small_size=3)
SMALL = BigSmallConfig(branches="small", shift="none", tasks=(PULSE,), big_size=48, small_size=3)


def look(noise: NDArray[np.uint8], bundle: Bundle, moments: int = 4, target: str | None = None) -> Attention:
    return find_attention(noise, bundle, moments=moments, target=target, fs=30.0, face="center")


def test_moments_are_evenly_spread_and_show_the_face_square(noise: NDArray[np.uint8], make_bundle: MakeBundle) -> None:
    found = look(noise, make_bundle({"joint": JOINT}))
    frames = np.rint(found.times_s * 30).astype(int)
    assert frames.tolist() == [6, 21, 36, 51]
    assert found.face_s == pytest.approx(2.0)
    for frame, face in zip(frames, found.faces, strict=True):
        expected = area_resize(noise[frame, :, 8:56], 48, 48)
        np.testing.assert_allclose(face, np.maximum(expected, 1), atol=1)
    shown = noise[::3, :, 8:56].mean(axis=0)
    np.testing.assert_allclose(found.mean_face, shown, atol=1.5)


def test_maps_are_relative_to_their_means(noise: NDArray[np.uint8], make_bundle: MakeBundle) -> None:
    big, small = look(noise, make_bundle({"joint": JOINT})).views
    assert (big.branch.name, small.branch.name) == ("big", "small")
    assert big.branch.tasks == small.branch.tasks == ("au", "pulse", "respiration")
    assert (big.maps.shape, small.maps.shape) == ((4, 12, 12), (4, 3, 3))
    for view in (big, small):
        np.testing.assert_allclose(view.maps.mean(axis=(1, 2)), 1.0, rtol=1e-5)
        assert view.mean.mean() == pytest.approx(1.0, rel=1e-5)
        assert view.maps.std() > 0.0
    # With every moment chosen, the mean over the recording is that of the moments.
    every = look(noise, make_bundle({"joint": JOINT}), moments=20)
    for view in every.views:
        assert len(view.maps) == 20
        np.testing.assert_allclose(view.mean, view.maps.mean(axis=0), rtol=1e-5)


def test_a_still_picture_gives_maps_too(make_bundle: MakeBundle) -> None:
    still = np.full((6, 48, 48, 3), 90, dtype=np.uint8)
    for view in look(still, make_bundle({"joint": JOINT})).views:
        assert np.isfinite(view.maps).all()


def test_folds_are_averaged_and_tasks_kept_apart(noise: NDArray[np.uint8], make_bundle: MakeBundle) -> None:
    configs = {"a": BIG, "b": BIG, "p": SMALL, "r": SMALL.model_copy(update={"tasks": (RESPIRATION,)})}
    views = look(noise, make_bundle(configs)).views
    assert [(view.branch.name, view.branch.tasks) for view in views] == [
        ("big", ("au",)),
        ("small", ("pulse",)),
        ("small", ("respiration",)),
    ]
    (first,) = look(noise, make_bundle({"a": BIG})).views
    (second,) = look(noise, make_bundle({"b": BIG})).views
    assert np.abs(first.maps - second.maps).max() > 0.01
    # Of the Small networks the clip length is 3 and nothing more: they leave every frame its Big frame.
    np.testing.assert_allclose(views[0].maps, (first.maps + second.maps) / 2, rtol=1e-4)


def test_networks_with_sparser_big_frames_than_the_bundle_s(noise: NDArray[np.uint8], make_bundle: MakeBundle) -> None:
    bundle = make_bundle({"joint": JOINT, "big": BIG})
    assert bundle.info.big_stride == 1
    found = look(noise, bundle, moments=50)
    assert len(found.times_s) == 50
    joint = next(view for view in found.views if view.branch.name == "big" and len(view.branch.tasks) == 3)
    alone = look(noise, make_bundle({"joint": JOINT}), moments=20)
    # The frame that starts a clip is the joint network's Big frame either way.
    start = int(np.flatnonzero(np.rint(30 * found.times_s) % 3 == 0)[0])
    frame = round(30 * found.times_s[start])
    np.testing.assert_allclose(joint.maps[start], alone.views[0].maps[frame // 3], rtol=1e-4, atol=1e-5)


def test_a_target_asks_only_the_networks_that_answer_it(noise: NDArray[np.uint8], make_bundle: MakeBundle) -> None:
    pytest.importorskip("captum")
    found = look(noise, make_bundle({"a": BIG, "p": SMALL}), target="au12")
    assert found.target == "AU12"
    assert [(view.branch.name, view.branch.tasks) for view in found.views] == [("big", ("au",))]
    other = look(noise, make_bundle({"a": BIG, "p": SMALL}), target="AU04")
    assert np.abs(found.views[0].mean - other.views[0].mean).max() > 0.01


def test_what_cannot_be_asked_is_one_line(noise: NDArray[np.uint8], make_bundle: MakeBundle) -> None:
    bundle = make_bundle({"p": SMALL})
    with pytest.raises(PhysiocamError, match="target is 'AU12'; the outputs of bundle 'drawn' are pulse"):
        look(noise, bundle, target="AU12")
    for moments in (0, 51):
        with pytest.raises(PhysiocamError, match=f"moments is {moments}; expected 1 to 50"):
            look(noise, bundle, moments=moments)


def test_no_face_is_an_error(noise: NDArray[np.uint8], make_bundle: MakeBundle) -> None:
    with pytest.raises(PhysiocamError, match="no face was found in 'array'"):
        find_attention(noise, make_bundle({"p": SMALL}), fs=30.0)


class _Leaves:
    """A face from frame 12 to 40, of which the last five are revoked once it is seen to be gone."""

    def __init__(self, fs: float, crop_factor: float) -> None:
        self.found: list[bool] = []

    def locate(self, image: NDArray[np.uint8] | None) -> Square | None:
        here = 12 <= len(self.found) < 40
        self.found.append(here)
        if len(self.found) == 45:
            self.found[35:40] = [False] * 5
        return Square(0, 0, 48) if here else None


@pytest.mark.parametrize("block_s", [60.0, 1.4])
def test_only_moments_with_a_face_count(
    noise: NDArray[np.uint8], make_bundle: MakeBundle, monkeypatch: pytest.MonkeyPatch, block_s: float
) -> None:
    monkeypatch.setattr("physiocam.video.face_source.FaceTracker", _Leaves)
    monkeypatch.setattr("physiocam.measuring.network_inputs._BLOCK_S", block_s)
    found = find_attention(noise, make_bundle({"joint": JOINT}), moments=50, fs=30.0)
    assert np.rint(30 * found.times_s).astype(int).tolist() == [12, 15, 18, 21, 24, 27, 30]
    assert found.face_s == pytest.approx(23 / 30)


def test_many_blocks_show_the_same_moments_as_one(
    noise: NDArray[np.uint8], make_bundle: MakeBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = make_bundle({"joint": JOINT})
    whole = look(noise, bundle)
    monkeypatch.setattr("physiocam.measuring.network_inputs._BLOCK_S", 0.5)
    parts = look(noise, bundle)
    np.testing.assert_array_equal(parts.times_s, whole.times_s)
    np.testing.assert_allclose(parts.faces.astype(int), whole.faces, atol=1)


def test_files_hold_what_the_page_says(noise: NDArray[np.uint8], make_bundle: MakeBundle, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    found = look(noise, make_bundle({"a": BIG, "p": SMALL}), moments=2)
    from physiocam.report.attention_figure import write_attention

    write_attention(found, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["attention.npz", "attention.png"]
    assert (tmp_path / "out" / "attention.png").read_bytes().startswith(b"\x89PNG")
    arrays = dict(np.load(tmp_path / "out" / "attention.npz", allow_pickle=False))
    assert {name: values.shape for name, values in arrays.items()} == {
        "times_s": (2,),
        "faces": (2, 48, 48, 3),
        "mean_face": (48, 48, 3),
        "big_au": (2, 12, 12),
        "big_au_mean": (12, 12),
        "big_au_edges": (2,),
        "small_pulse": (2, 3, 3),
        "small_pulse_mean": (3, 3),
        "small_pulse_edges": (2,),
    }
    np.testing.assert_array_equal(arrays["big_au"], found.views[0].maps)


def test_a_folder_that_cannot_be_written_to_is_one_line(
    noise: NDArray[np.uint8], make_bundle: MakeBundle, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib")
    (tmp_path / "file").write_text("")
    from physiocam.report.attention_figure import write_attention

    with pytest.raises(PhysiocamError, match="choose another folder"):
        write_attention(look(noise, make_bundle({"p": SMALL}), moments=1), tmp_path / "file" / "out")

"""The mean over a clip's phases: what is said of a frame does not hang on where the clips begin."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import physiocam
from physiocam.measuring.clip_phases import ClipPhases, phases_of
from physiocam.networks.config import Task
from physiocam.video.reader import open_video
from physiocam.weights.bundle import load_bundle
from physiocam.weights.runtime import Runtime

N = 3
TASK = Task(name="place", kind="waveform", labels=("place",))


class Recorder:
    """Stands for a runtime: what it says of a frame is a function of the run and of the frame's place in it."""

    def __init__(self) -> None:
        self.calls: list[NDArray[np.float32]] = []

    def run_phases(self, big: NDArray[np.float32], small: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        self.calls.append(small)
        level = small.mean(axis=(3, 4, 5))
        place = np.arange(N, dtype=np.float32)
        clip_level = big.reshape(len(big), -1).mean(axis=1) if big.size else np.zeros(len(big), np.float32)
        return {"place": (level * (1 + place) + level[..., ::-1] + clip_level[:, None, None])[..., None]}


def phases(offsets: Iterable[int]) -> ClipPhases:
    return ClipPhases(Recorder(), (TASK,), N, tuple(offsets))  # type: ignore[arg-type]


def clips(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.broadcast_to(levels.reshape(-1, N, 1, 1, 1), (len(levels) // N, N, 3, 2, 2)).astype(np.float32)


def bigs(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.broadcast_to(levels.reshape(-1, 1, 1, 1, 1), (len(levels), 1, 3, 2, 2)).astype(np.float32)


def by_definition(levels: NDArray[np.float32], big: NDArray[np.float32]) -> NDArray[np.float64]:
    """The mean over all runs that lie in the recording, each with the Big frame of the clip in which it ends."""
    said: list[list[float]] = [[] for _ in levels]
    for start in range(len(levels) - N + 1):
        run = levels[start : start + N]
        for place, value in enumerate(run * np.array([1, 2, 3]) + run[::-1] + big[(start + N - 1) // N]):
            said[start + place].append(float(value))
    return np.array([np.mean(values) for values in said])


def test_a_frame_is_answered_by_the_mean_of_all_runs_that_hold_it() -> None:
    random = np.random.default_rng(0)
    levels, big = random.standard_normal(12).astype(np.float32), random.standard_normal(4).astype(np.float32)
    said = phases(range(N)).run(bigs(big), clips(levels), np.ones((4, N), bool))["place"][2:, 0]
    np.testing.assert_allclose(said, by_definition(levels, big), rtol=1e-4, atol=1e-4)


def test_clips_that_come_one_by_one_are_answered_alike() -> None:
    random = np.random.default_rng(1)
    levels, big = random.standard_normal(15).astype(np.float32), random.standard_normal(5).astype(np.float32)
    shown = np.ones((5, N), bool)
    together = phases(range(N)).run(bigs(big), clips(levels), shown)["place"]
    running = phases(range(N))
    said = np.zeros((17, 1))
    for clip in range(5):
        part = running.run(bigs(big)[clip : clip + 1], clips(levels)[clip : clip + 1], shown[:1])["place"]
        assert len(part) == 2 + N
        said[N * clip : N * clip + len(part)] = part
    np.testing.assert_array_equal(said[2:].astype(np.float32), together[2:])


def test_one_phase_is_what_the_networks_say() -> None:
    levels = np.arange(6, dtype=np.float32)
    single = phases([0])
    assert single.lead == 0
    said = single.run(bigs(np.zeros(2, np.float32)), clips(levels), np.ones((2, N), bool))["place"]
    direct = Recorder().run_phases(bigs(np.zeros(2, np.float32)), clips(levels)[:, None])["place"]
    np.testing.assert_array_equal(said, direct.reshape(-1, 1))


def test_the_first_frames_of_a_recording_may_be_missing() -> None:
    random = np.random.default_rng(2)
    levels = random.standard_normal(31).astype(np.float32)
    big = np.ones(10, np.float32)
    whole = phases(range(N)).run(bigs(big), clips(levels[:30]), np.ones((10, N), bool))["place"][2:, 0]
    later = phases(range(N)).run(bigs(big), clips(levels[1:]), np.ones((10, N), bool))["place"][2:, 0]
    np.testing.assert_allclose(later[2:27], whole[3:28], rtol=1e-5, atol=1e-5)
    alone = [
        phases([0]).run(bigs(big), clips(part), np.ones((10, N), bool))["place"][:, 0]
        for part in (levels[:30], levels[1:])
    ]
    assert np.abs(alone[1][2:27] - alone[0][3:28]).max() > 0.1


def test_runs_into_a_gap_count_only_where_there_are_no_others() -> None:
    levels = np.arange(9, dtype=np.float32)
    shown = np.ones((3, N), bool)
    # The face is gone in frames 4 to 6: in the second clip's last two, and the third's first.
    shown.flat[4:7] = False
    levels[4:7] = 1000.0
    said = phases(range(N)).run(bigs(np.zeros(3, np.float32)), clips(levels), shown)["place"][2:, 0]
    # Frame 3 lies in one run without a gap: that of frames 1 to 3. Frames 7 and 8 lie in none, and are answered still.
    assert said[3] == pytest.approx(3 * 3 + 1, abs=0.01)
    assert np.isfinite(said).all()


def test_gaps_cost_no_network() -> None:
    recorder = Recorder()
    running = ClipPhases(recorder, (TASK,), N, (0, 1, 2))  # type: ignore[arg-type]
    said = running.run(None, clips(np.zeros(6, np.float32)), np.zeros((2, N), bool))["place"]
    assert not recorder.calls
    assert not said.any()
    levels = np.arange(6, dtype=np.float32)
    after = running.run(bigs(np.zeros(2, np.float32)), clips(levels), np.ones((2, N), bool))["place"][2:]
    fresh = phases(range(N)).run(bigs(np.zeros(2, np.float32)), clips(levels), np.ones((2, N), bool))["place"][2:]
    np.testing.assert_allclose(after, fresh, rtol=1e-4, atol=1e-4)


def test_the_big_branch_is_computed_once_and_old_graphs_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = load_bundle()
    runtime = Runtime(bundle, threads=1)
    random = np.random.default_rng(3)
    big = random.standard_normal((2, 1, 3, 144, 144), np.float32)
    small = random.standard_normal((2, 3, 3, 3, 9, 9), np.float32)
    said = runtime.run_phases(big, small)
    for task, output in said.items():
        assert output.shape[:3] == (2, 3, 3)
        for phase in range(3):
            np.testing.assert_allclose(output[:, phase], runtime.run(big, small[:, phase])[task], atol=1e-4)


def test_slow_networks_have_one_phase() -> None:
    info = load_bundle().info
    assert info.phase_offsets == (0, 1, 2)
    assert info.slow is not None
    assert info.slow.clip_length == 15
    assert info.slow.phase_offsets == (0,)
    assert phases_of(info.slow, Runtime(load_bundle(), 1, info.slow.networks), every_phase=True).lead == 0
    joint = Runtime(load_bundle(), 1)
    assert [phases_of(info, joint, every_phase=every).lead for every in (True, False)] == [2, 0]


# One and two frames of a clip of three; with none, test_measure.py measures it.
@pytest.mark.parametrize("missing", [1, 11])
def test_a_real_clip_without_its_first_frames_has_the_same_heart_rate(shared: Path, missing: int) -> None:
    with open_video(shared / "data" / "vitallens_1" / "video.mp4") as video:
        frames = np.stack([frame.image for frame in video if frame.image is not None])
    measurement = physiocam.measure(frames[missing:], fs=video.fs)
    assert measurement.heart_rate.value == pytest.approx(75.4, abs=1.5)

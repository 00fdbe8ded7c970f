"""Recordings of rendered people that no network was trained on, with what they show at every frame."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from physiocam.foundation.parallel import run_jobs
from physiocam.foundation.provenance import code_version, digest_of, keep_file
from physiocam.synthetic.recordings import DIFFICULTIES
from physiocam.synthetic.rendered.person import RenderedPerson
from physiocam.synthetic.rendered.scene import RenderedScene
from physiocam.video.writer import write_video

# Training draws its people from sequences of two numbers; these from three.
_JUDGING = 0x0A0D6E

_HEIGHT, _WIDTH = 240, 320

# One recording in so many has no expression: a false alarm is whatever is found in it.
_ONE_NEUTRAL_IN = 5
_EXPRESSIONS_A_MINUTE = 24.0

_TONES = ("I", "II", "III", "IV", "V", "VI")


@dataclass(frozen=True)
class RenderedRecording:
    """One recording with its truth.

    Attributes
    ----------
    video : Path
    fs : float
        Frames per second.
    sides : float32 array (T, 15, 2)
        Intensity 0..5 of `physiocam.networks.action_units.EXPRESSION_UNITS` on the person's left and right.
    pose : float32 array (T, 3)
        Pitch, yaw and roll in degrees.
    gaze : float32 array (T, 2)
    blinks : float64 array (n,)
        Times in s at which the eyes are shut.
    attributes : dict of str to str
        "skin" (Fitzpatrick I to VI), "age", "sex", "glasses", "beard", "make-up", "light", "turned", "difficulty" and
        "neutral" ("yes": no expression begins, though the person blinks, looks and turns).
    """

    video: Path
    fs: float
    sides: NDArray[np.float32]
    pose: NDArray[np.float32]
    gaze: NDArray[np.float32]
    blinks: NDArray[np.float64]
    attributes: dict[str, str]

    @property
    def intensities(self) -> NDArray[np.float32]:
        """0..5 of the stronger side, (T, 15)."""
        stronger: NDArray[np.float32] = self.sides.max(axis=2)
        return stronger


@dataclass(frozen=True)
class Plan:
    """What the recordings are.

    Attributes
    ----------
    model : Path
        Folder of the face model.
    seconds, fs : float
    seed : int
    """

    model: Path
    seconds: float = 5.0
    fs: float = 15.0
    seed: int = 0

    def scene(self, index: int) -> tuple[RenderedScene, int]:
        """Set up a recording, and choose the constant rate factor of its encoder."""
        seed, own = (int(number) for number in np.random.SeedSequence([self.seed, index, _JUDGING]).generate_state(2))
        random = np.random.default_rng(own)
        settings = replace(
            DIFFICULTIES[self.difficulty(index)],
            duration_s=self.seconds,
            fs=self.fs,
            height=_HEIGHT,
            width=_WIDTH,
            face_size=float(random.uniform(0.32, 0.62)),
            noise=float(np.exp(random.uniform(np.log(0.5), np.log(5.0)))),
            expressions=0.0 if self.neutral(index) else _EXPRESSIONS_A_MINUTE,
            weakest=0.2,
            seed=int(random.integers(2**31)),
        )
        return RenderedScene(self.model, RenderedPerson.invent(seed), settings), int(random.integers(17, 31))

    @staticmethod
    def neutral(index: int) -> bool:
        """Whether no expression begins."""
        return index % _ONE_NEUTRAL_IN == 0

    @staticmethod
    def difficulty(index: int) -> str:
        """How much the head moves and the light changes."""
        return list(DIFFICULTIES)[index % len(DIFFICULTIES)]


def make(plan: Plan, folder: Path, recordings: int, jobs: int) -> None:
    """Write the recordings that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    model = digest_of(plan.model)
    for outcome in run_jobs(partial(_write, plan, folder, model), range(recordings), jobs):
        print(f"recording {outcome.index + 1} of {recordings}: {outcome.error or 'done'}", flush=True)


def load(folder: Path) -> Iterator[RenderedRecording]:
    """Read the truth of all complete recordings, in order."""
    for path in sorted(folder.glob("r*.npz")):
        video = path.with_suffix(".mp4")
        if not video.exists():
            continue
        with np.load(path, allow_pickle=False) as stored:
            names = zip(stored["attribute_names"].tolist(), stored["attribute_values"].tolist(), strict=True)
            yield RenderedRecording(
                video,
                float(stored["fs"]),
                stored["sides"],
                stored["pose"],
                stored["gaze"],
                stored["blinks"],
                dict(names),
            )


def _write(plan: Plan, folder: Path, model: str, index: int) -> None:
    made_with = {
        "model": model, "seconds": plan.seconds, "fs": plan.fs, "seed": plan.seed, "physiocam": code_version(__file__),
    }  # fmt: skip
    planned = cache(partial(plan.scene, index))

    def write_frames(path: Path) -> None:
        scene, crf = planned()
        write_video(path, scene.frames(), plan.fs, crf)

    def write_truth(path: Path) -> None:
        scene, _ = planned()
        attributes = _attributes(scene, plan, index)
        np.savez_compressed(
            path,
            allow_pickle=False,
            fs=plan.fs,
            sides=scene.expressions.sides.astype(np.float32),
            pose=scene.pose.astype(np.float32),
            gaze=scene.expressions.gaze.astype(np.float32),
            blinks=scene.expressions.blinks,
            attribute_names=np.array(list(attributes)),
            attribute_values=np.array(list(attributes.values())),
        )

    video = folder / f"r{index:04d}.mp4"
    keep_file(video, made_with, write_frames)
    keep_file(video.with_suffix(".npz"), made_with, write_truth)


def _attributes(scene: RenderedScene, plan: Plan, index: int) -> dict[str, str]:
    person, light = scene.person, scene.lighting
    contrast = sum(light.key_colour) / max(sum(light.sky), 1e-3)
    brightness = "dim" if scene.camera.exposure < 0.16 else "middle" if scene.camera.exposure < 0.27 else "bright"
    return {
        "skin": _TONES[min(int(6 * person.skin_depth), 5)],
        "age": "under 35" if person.age < 35 else "35 to 55" if person.age < 55 else "over 55",
        "sex": person.sex,
        "glasses": person.glasses,
        "beard": person.beard,
        "make-up": "yes" if person.make_up else "no",
        "light": f"{brightness}, {'hard' if contrast > 3 else 'soft'}",
        "turned": "by more than 30 degrees" if np.abs(scene.pose[:, 1]).max() > 30 else "by less",
        "difficulty": plan.difficulty(index),
        "neutral": "yes" if plan.neutral(index) else "no",
    }

"""A rendered person in a room, seen by a camera: every frame can be rendered separately."""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from physiocam.synthetic.drawn.expressions import course
from physiocam.synthetic.drawn.scene import SceneSettings
from physiocam.synthetic.physiology import Physiology, wander
from physiocam.synthetic.portrait import PULSE_RGB
from physiocam.synthetic.rendered.camera import Camera, backdrop
from physiocam.synthetic.rendered.folds import Folds
from physiocam.synthetic.rendered.head import RenderedHead
from physiocam.synthetic.rendered.light import Lighting
from physiocam.synthetic.rendered.model import FaceModel
from physiocam.synthetic.rendered.person import RenderedPerson
from physiocam.synthetic.rendered.picture import render
from physiocam.synthetic.rendered.track import FaceTrack
from physiocam.synthetic.rendered.view import View
from physiocam.video.resize import area_resize

# Hairline to chin of the mean face in cm, and how high its middle is.
_FACE_CM, _MIDDLE_CM = 18.8, 1.2

# Rays for a pixel, each way: edges are smooth.
_RAYS = 1.4

# Levels are about the 2.2th root of the light: a change of levels takes so much more of the light.
_LIGHT_PER_LEVEL = 2.2

# Pitch, yaw and roll that a turn of one degree in the settings stands for, and the largest.
_TURNS, _LARGEST_TURNS = np.array([1.5, 2.5, 1.0]), np.array([25.0, 40.0, 20.0])


class RenderedScene:
    """One recording that can be rendered.

    Parameters
    ----------
    model : Path
        Folder of the face model.
    person : RenderedPerson
    settings : SceneSettings
        The same person and settings give the same recording.

    Attributes
    ----------
    person, settings
        As given.
    timestamps_s : float64 array (T,)
    physiology : Physiology
        Its waveforms and rates have one value per frame.
    expressions : FaceTrack
    pose : float64 array (T, 3)
        Pitch, yaw and roll of the head in degrees.
    lighting : Lighting
    camera : Camera

    Raises
    ------
    DatasetError
        If the model cannot be read.
    """

    def __init__(self, model: Path, person: RenderedPerson, settings: SceneSettings) -> None:
        self.person, self.settings = person, settings
        fs = settings.fs
        frames = max(round(settings.duration_s * fs), 2)
        random = np.random.default_rng(settings.seed)
        self.timestamps_s = np.arange(frames) / fs
        self.physiology = Physiology(frames, fs, settings.heart_rate, settings.breathing_rate, random)
        face, folds = _loaded(model)
        self._head = RenderedHead(face, folds, person)
        self.expressions = FaceTrack(self._head, frames, fs, settings.expressions, settings.weakest, random)
        self._motion = settings.head_motion * np.stack([wander(frames, fs, 0.5, random) for _ in range(2)])
        self.pose = self._turning(random)
        self._light = 1 + settings.light_change * wander(frames, fs, 0.3, random)
        self._light += settings.flicker * random.standard_normal(frames)
        self.lighting, camera = Lighting.invent(random), Camera.invent(random)
        red, green, blue = (float(a * b) for a, b in zip(camera.white, settings.tint, strict=True))
        self.camera = Camera(camera.exposure, (red, green, blue), camera.contrast, camera.colour, settings.noise)
        self._distance = float(random.uniform(50, 120))
        shorter = min(settings.height, settings.width)
        self._scale = settings.face_size * shorter / _FACE_CM
        self._centre = (
            settings.height - 1 - 0.56 * shorter + _MIDDLE_CM * self._scale,
            (settings.width - 1) / 2 + random.uniform(-0.04, 0.04) * shorter,
        )
        self._room_seed = int(random.integers(2**31))
        self._room: tuple[NDArray[np.floating], float] | None = None

    def frames(self) -> Iterator[NDArray[np.uint8]]:
        """Render all frames (H, W, 3), one by one."""
        for index in range(len(self.timestamps_s)):
            yield self.frame(index)

    def frame(self, index: int) -> NDArray[np.uint8]:
        """Render one frame.

        Parameters
        ----------
        index : int
            From 0.

        Returns
        -------
        uint8 array (H, W, 3), RGB
        """
        settings = self.settings
        view = self._view(index)
        picture = render(self._head, self.expressions.at(index), view, self.lighting)
        if self._room is None:
            room = backdrop(view.height, view.width, np.random.default_rng(self._room_seed))
            self._room = (
                room,
                self.camera.gain(render(self._head, self.expressions.at(0), self._view(0), self.lighting)),
            )
        room, gain = self._room
        breath = float(self.physiology.respiration[index])
        beat = settings.pulse_strength * float(self.physiology.pulse[index])
        blood = _LIGHT_PER_LEVEL * beat * picture.blood[..., None] * np.array(PULSE_RGB, np.float32)
        person = picture.light * (1 - blood) * (1 + settings.breathing_light * breath)
        light = (person + (1 - picture.cover[..., None]) * room) * (gain * self._light[index])
        seen = area_resize(light, settings.height, settings.width)
        levels = self.camera.develop(seen, np.random.default_rng([self._room_seed, index]))
        return (levels + 0.5).clip(0, 255).astype(np.uint8)

    def _view(self, index: int) -> View:
        """Where the head is at a frame, in the rays' own pixels."""
        settings = self.settings
        up = settings.breathing_motion * float(self.physiology.respiration[index]) * _FACE_CM
        right, down = (float(part) * _FACE_CM for part in self._motion[:, index])
        height, width = round(settings.height * _RAYS), round(settings.width * _RAYS)
        row = (self._centre[0] + (down - up) * self._scale + 0.5) * height / settings.height - 0.5
        column = (self._centre[1] + right * self._scale + 0.5) * width / settings.width - 0.5
        pitch, yaw, roll = self.pose[index].tolist()
        # The shoulders are moved with the head; only what goes beyond that is left to do.
        chest = (settings.chest_motion - 1) * up
        return View(
            height,
            width,
            self._scale * height / settings.height,
            (row, column),
            (pitch, yaw, roll),
            self._distance,
            chest,
        )

    def _turning(self, random: np.random.Generator) -> NDArray[np.float64]:
        """Small movements of the head, and every 10 s or so a turn to a side."""
        settings = self.settings
        frames, fs = len(self.timestamps_s), settings.fs
        still = np.clip(random.normal(0, (3.0, 5.0, 2.0)), -10, 10)
        pose = still + settings.head_turn * _TURNS * np.stack(
            [wander(frames, fs, 0.4, random) for _ in range(3)], axis=1
        )
        for _ in range(int(random.poisson(settings.duration_s / 10))):
            since = self.timestamps_s - random.uniform(0, settings.duration_s)
            to = settings.head_turn * _TURNS * random.normal(0, 2.5, 3)
            pose += course(since, random)[:, None] * to
        return np.clip(pose, -_LARGEST_TURNS, _LARGEST_TURNS)


@lru_cache(maxsize=1)
def _loaded(folder: Path) -> tuple[FaceModel, Folds]:
    model = FaceModel.load(folder)
    return model, Folds.on(model.chart)

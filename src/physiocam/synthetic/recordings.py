"""Recordings of generated people with exactly known truth, in memory."""

import math
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType

import numpy as np

from physiocam.datasets.recording import Recording, Signal
from physiocam.errors import DatasetError
from physiocam.synthetic.drawn.scene import SceneSettings
from physiocam.synthetic.people import DrawnPeople, People, PersonScene
from physiocam.video.even_grid import Still, untimed_grid
from physiocam.video.reader import Video

# An hour: all truth is held in memory. Smaller faces have no features.
_LONGEST_S = 3600
_SMALLEST = 48
_MOST_EXPRESSIONS = 120

# The settings of three difficulties: how much a person moves, and how good light and camera are.
DIFFICULTIES = MappingProxyType(
    {
        "easy": SceneSettings(),
        "middle": SceneSettings(
            pulse_strength=0.005, head_motion=0.012, head_turn=1.5, light_change=0.025, flicker=0.001, noise=2.5
        ),
        "hard": SceneSettings(
            pulse_strength=0.004, head_motion=0.03, head_turn=4.0, light_change=0.06, flicker=0.002, noise=4.0
        ),
    }
)


@dataclass(frozen=True)
class SceneFrames:
    """Frames that are drawn or rendered on demand.

    Attributes
    ----------
    name : str
        Of the recording, for messages.
    people : People
    person_seed : int
    settings : SceneSettings
    """

    name: str
    people: People
    person_seed: int
    settings: SceneSettings

    def open(self) -> Video:
        """Open the frames for one pass."""
        return Video(self.name, _SceneFeed(self.people.scene(self.person_seed, self.settings)))


class _SceneFeed:
    def __init__(self, scene: PersonScene) -> None:
        self._scene = scene
        self.grid = untimed_grid(len(scene.timestamps_s), scene.settings.fs, math.inf)
        self.notes: list[str] = []

    def stills(self) -> Generator[Still, None, None]:
        for index, position in enumerate(self.grid.positions):
            yield Still(float(position), partial(self._scene.frame, index))


@dataclass(frozen=True)
class SyntheticRecording:
    """One recording of a generated person; a data set entry like any other.

    Attributes
    ----------
    subject, trial : str
    person_seed : int
        The same seed gives the same person.
    settings : SceneSettings
    people : People
        Whether they are drawn or rendered.
    """

    subject: str
    trial: str
    person_seed: int
    settings: SceneSettings
    people: People = field(default_factory=DrawnPeople)

    @property
    def name(self) -> str:
        """Name of the recording."""
        return f"{self.subject}_{self.trial}"

    @property
    def sources(self) -> tuple[str, ...]:
        """No files."""
        return ()

    def scene(self) -> PersonScene:
        """Set up the scene with its truth."""
        return self.people.scene(self.person_seed, self.settings)

    def load(self) -> Recording:
        """Compute the truth; no frame is drawn yet.

        Returns
        -------
        Recording
            Signals "pulse" and "respiration" (a.u.), "heart_rate" (beats/min) and "breathing_rate" (breaths/min), and
            the codes of the 12 action units, all with one value per frame.
        """
        scene = self.scene()
        physiology = scene.physiology
        signals = {
            "pulse": (physiology.pulse, "a.u."),
            "respiration": (physiology.respiration, "a.u."),
            "heart_rate": (physiology.heart_rates, "beats/min"),
            "breathing_rate": (physiology.breathing_rates, "breaths/min"),
        }
        return Recording(
            name=self.name,
            subject=self.subject,
            trial=self.trial,
            frames=SceneFrames(self.name, self.people, self.person_seed, self.settings),
            signals={name: Signal(values, scene.timestamps_s, unit) for name, (values, unit) in signals.items()},
            action_units=scene.expressions.codes,
        )


def settings_of(difficulty: str) -> SceneSettings:
    """Return the settings of a difficulty.

    Parameters
    ----------
    difficulty : str
        One of `DIFFICULTIES`.

    Raises
    ------
    DatasetError
        If there is no such difficulty.
    """
    if difficulty not in DIFFICULTIES:
        raise DatasetError(f"difficulty is '{difficulty}', expected one of {', '.join(DIFFICULTIES)}")
    return DIFFICULTIES[difficulty]


def synthetic_entries(
    recordings: int,
    seed: int = 0,
    settings: SceneSettings | None = None,
    trials: int = 2,
    people: People | None = None,
) -> list[SyntheticRecording]:
    """Recordings of several people.

    Parameters
    ----------
    recordings : int
    seed : int
        The same seed gives the same recordings; a larger number only adds more.
    settings : SceneSettings, optional
        Settings of all recordings, by default ``DIFFICULTIES["easy"]``. Heart rate (50..110), breathing rate (9..24),
        the size of the face, the light's colour and the seed differ between recordings; dark skin shows the pulse less.
    trials : int
        Recordings of each person.
    people : People, optional
        By default drawn ones.

    Returns
    -------
    list of SyntheticRecording

    Raises
    ------
    DatasetError
        If `recordings` is not positive, `seed` is negative, or the settings are out of range.
    """
    if recordings < 1:
        raise DatasetError(f"recordings is {recordings}, expected at least 1")
    if seed < 0:
        raise DatasetError(f"seed is {seed}, expected 0 or more")
    people = people or DrawnPeople()
    common = settings or DIFFICULTIES["easy"]
    if not 1 <= common.duration_s <= _LONGEST_S:
        raise DatasetError(f"duration is {common.duration_s:g} s, expected 1 to {_LONGEST_S} s")
    if not 0 <= common.expressions <= _MOST_EXPRESSIONS:
        raise DatasetError(f"expressions is {common.expressions:g} a minute, expected 0 to {_MOST_EXPRESSIONS}")
    if not 0 <= common.weakest <= 1:
        raise DatasetError(f"weakest is {common.weakest:g}, expected 0 to 1")
    if min(common.height, common.width) < _SMALLEST:
        raise DatasetError(f"frames are {common.width}x{common.height} pixels, expected at least {_SMALLEST} each way")
    entries = []
    for index in range(recordings):
        subject, trial = divmod(index, trials)
        # One number from two, so that different seeds give different people.
        person_seed = int(np.random.SeedSequence([seed, subject]).generate_state(1)[0])
        random = np.random.default_rng([seed, index, 1])
        warmth = random.uniform(-0.05, 0.05)
        own = replace(
            common,
            heart_rate=float(random.uniform(50, 110)),
            breathing_rate=float(random.uniform(9, 24)),
            pulse_strength=common.pulse_strength * (1 - 0.4 * people.skin_depth(person_seed)),
            face_size=common.face_size * float(random.uniform(0.88, 1.12)),
            tint=(common.tint[0] * (1 + warmth), common.tint[1], common.tint[2] * (1 - warmth)),
            seed=int(random.integers(2**31)),
        )
        entries.append(SyntheticRecording(f"S{subject + 1:03d}", f"T{trial + 1}", person_seed, own, people))
    return entries

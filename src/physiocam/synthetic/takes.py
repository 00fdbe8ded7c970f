"""One recording of a generated person on its way to the disk."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from physiocam.datasets.recording import ActionUnitCodes, CropChoice, Recording, Signal
from physiocam.synthetic.people import PersonScene
from physiocam.synthetic.recordings import SyntheticRecording

Image = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Take:
    """One recording on its way to the disk.

    Attributes
    ----------
    person : int
        Number of the person, from 1.
    trial : str
        As the layout calls it.
    entry : SyntheticRecording
    scene : PersonScene
    tick : callable
        To be called after each frame.
    """

    person: int
    trial: str
    entry: SyntheticRecording
    scene: PersonScene
    tick: Callable[[], None]

    @property
    def fs(self) -> float:
        """Frames per second."""
        return self.scene.settings.fs

    def images(self) -> Iterator[Image]:
        """Draw the frames."""
        for image in self.scene.frames():
            yield image
            self.tick()

    def signal(self, name: str, times: NDArray[np.float64] | None = None) -> Signal:
        """Truth under a name, at other times if asked for; between frames it is interpolated."""
        signal = self.entry.load().signals[name]
        if times is None:
            return signal
        return Signal(np.interp(times, signal.timestamps_s, signal.values), times, signal.unit)

    def intensity(self, label: str) -> NDArray[np.int8]:
        """Intensity 0..5 a frame; 0 for units that no generated face shows."""
        return self.scene.expressions.intensity(label)

    def truth(
        self,
        name: str,
        subject: str,
        signals: dict[str, Signal],
        action_units: ActionUnitCodes | None = None,
        crop: CropChoice = "face",
    ) -> Recording:
        """Return the truth under the names that the layout gives it."""
        return Recording(name, subject, self.trial, self.entry.load().frames, signals, action_units, crop)

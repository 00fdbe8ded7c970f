"""Clips that are changed at random: filmed in another size, light and quality, in a mirror, or at another speed."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, interpolate
from torch.utils.data import Dataset

from physiocam.datasets.store.clip_batch import ClipBatch, levels
from physiocam.datasets.store.clip_columns import Columns
from physiocam.datasets.store.clips import Clips
from physiocam.inputs.face_changes import DARKEST, normalized_difference
from physiocam.networks.tasks import Task
from physiocam.training.augmentation import Augmentation
from physiocam.training.mirrored import mirrored
from physiocam.video.compression import compressed

# Quality of an encoded clip: good to poor. Frames before a clip from which an encoder predicts it: at most.
_BEST_CRF, _WORST_CRF = 20, 36
_MOST_LEAD = 10


class AugmentedClips(Dataset[ClipBatch]):
    """Clips as `Clips` gives them, each changed at random.

    What is stored stays exact: Small frames are not made again from the rounded Big frames. They are averaged over
    another span of time, cropped and flipped as they are, and what noise and codec do to the changes between Big frames
    is added. Means and deviations follow, as the inputs of such a recording would be standardized by its own.

    Parameters
    ----------
    clips : Clips
    tasks : sequence of Task
        Whose targets and masks are returned.
    augmentation : Augmentation
    seed : int
        A clip's changes depend only on its number and this.
    """

    def __init__(self, clips: Clips, tasks: Sequence[Task], augmentation: Augmentation, seed: int) -> None:
        self._clips, self._tasks, self._augmentation, self._seed = clips, tuple(tasks), augmentation, seed

    def __len__(self) -> int:
        return len(self._clips)

    def __getitem__(self, number: int) -> ClipBatch:
        """Return one clip, as a batch of one."""
        return self.__getitems__([number])

    def __getitems__(self, numbers: Sequence[int]) -> ClipBatch:
        """Return a batch of clips; clip i is i, and the same drawn again i + len, i + 2 len, ..."""
        parts = [self._changed(number) for number in numbers]
        names = [task.name for task in self._tasks]
        return ClipBatch(
            big=torch.stack([part.big for part in parts]),
            small=torch.stack([part.small for part in parts]),
            face_found=torch.stack([part.face_found for part in parts]),
            statistics=torch.stack([part.statistics for part in parts]),
            targets={name: torch.stack([part.targets[name] for part in parts]) for name in names},
            masks={name: torch.stack([part.masks[name] for part in parts]) for name in names},
            recording=torch.stack([part.recording for part in parts]),
            start=torch.stack([part.start for part in parts]),
        )

    def _changed(self, number: int) -> ClipBatch:
        """A clip without the dimension of the batch."""
        settings, clips = self._augmentation, self._clips
        random = np.random.default_rng((self._seed, number))
        recording, start, frames = clips.place(number % len(clips))
        edges = _edges(random, settings.speed, start, clips.clip_length, frames)
        first, stop = math.floor(edges[0]), math.ceil(edges[-1])
        stored = clips.columns(recording, first, stop)
        spans = _spans(edges - first, stop - first)
        nearest = torch.from_numpy(np.rint(edges - first).astype(np.int64)).clamp(0, stop - first - 1)
        small = _over(spans, stored.small)
        crop, flip = _crop(random, settings.crop), bool(random.random() < settings.flip)
        pictures, changed = self._pictures(random, recording, edges, frames, crop, flip)
        small = _seen_through(small, crop, flip)
        mean, std, small_std = stored.statistics.tolist()
        face_found = stored.face_found[nearest[:-1]]
        if changed.differences is not None:
            both = stored.face_found[nearest[:-1]] & stored.face_found[nearest[1:]]
            added = changed.differences * both[:, None, None, None] * (clips.clip_length / (edges[-1] - edges[0]))
            small = small + interpolate(added, size=small.shape[-2:], mode="area")
            small_std = math.sqrt(small_std**2 + float(added.square().mean()))
        targets, masks = self._labels(stored, spans, nearest[:-1], flip)
        return ClipBatch(
            pictures,
            small,
            face_found,
            torch.tensor([mean + changed.brighter, std * changed.wider, small_std]),
            targets,
            masks,
            torch.tensor(recording),
            torch.tensor(start),
        )

    def _pictures(
        self,
        random: np.random.Generator,
        recording: int,
        edges: NDArray[np.float64],
        frames: int,
        crop: "_Crop",
        flip: bool,
    ) -> tuple[Tensor, "_Change"]:
        """Big frames (K, H, W, C) as they are stored, and what was changed in them."""
        settings, clips = self._augmentation, self._clips
        encoded = bool(random.random() < settings.codec)
        lead = int(random.integers(1, _MOST_LEAD + 1)) if encoded else 0
        pace = (edges[-1] - edges[0]) / clips.clip_length
        times = np.concatenate([edges[0] - pace * np.arange(lead, 0, -1), edges])
        if not (encoded or settings.noise):
            times = edges[: -1 : clips.big_stride]
        stored = clips.big(recording, np.clip(np.rint(times), 0, frames - 1).astype(np.int64).tolist())
        plain, full = levels(stored.permute(0, 3, 1, 2))
        plain /= full
        seen = _relit(random, _seen_through(plain, crop, flip), settings.colour)
        if not (encoded or settings.noise):
            return _stored(seen, full, stored.dtype), _Change(*_statistics(plain, seen), None)
        filmed = _noisy(random, seen, settings.noise)
        if encoded:
            filmed = _encoded(random, filmed)
        differences = (_differences(filmed) - _differences(seen))[lead:]
        shown = slice(lead, lead + clips.clip_length, clips.big_stride)
        return (
            _stored(filmed[shown], full, stored.dtype),
            _Change(*_statistics(plain[shown], filmed[shown]), differences),
        )

    def _labels(
        self, stored: Columns, spans: Tensor, nearest: Tensor, flip: bool
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Targets and masks (N, C) by task."""
        targets, masks = {}, {}
        for task in self._tasks:
            values, known = stored.targets[task.name], stored.masks[task.name]
            if task.kind == "waveform":
                values = _over(spans, torch.where(known, values, 0.0))
                known = _over((spans > 0).float(), (~known).float()) == 0
            else:
                values, known = values[nearest], known[nearest]
            if flip:
                order, signs = mirrored(task)
                values, known = values[:, order] * torch.tensor(signs), known[:, order]
            targets[task.name], masks[task.name] = values, known
        return targets, masks


class _Crop(NamedTuple):
    """The middle of what is left, from -1 to 1, and its side as a share."""

    x: float
    y: float
    side: float


class _Change(NamedTuple):
    """By how much Big frames are brighter, by what factor they vary more, and what their changes gained."""

    brighter: float
    wider: float
    differences: Tensor | None


def _edges(random: np.random.Generator, speed: float, start: int, length: int, frames: int) -> NDArray[np.float64]:
    """The times of a clip's N frames and of the one after, in frames of its recording."""
    slowest = math.log1p(speed)
    pace = min(math.exp(random.uniform(-slowest, slowest)), frames / length) if speed else 1.0
    first = min(max(start + length * (1 - pace) / 2, 0.0), frames - pace * length)
    return (first + pace * np.arange(length + 1)).astype(np.float64)


def _spans(edges: NDArray[np.float64], frames: int) -> Tensor:
    """Share of each stored change in that from each frame of a clip to the next (N, frames); rows add up to 1."""
    begins = np.arange(frames)
    overlap = np.minimum(edges[1:, None], begins + 1) - np.maximum(edges[:-1, None], begins)
    return torch.from_numpy((np.maximum(overlap, 0.0) / np.diff(edges)[:, None]).astype(np.float32))


def _over(spans: Tensor, changes: Tensor) -> Tensor:
    """Means of changes (F, ...) over spans (N, F)."""
    return (spans @ changes.flatten(1)).reshape(len(spans), *changes.shape[1:])


def _crop(random: np.random.Generator, most: float) -> _Crop:
    side = 1 - random.uniform(0, most) if most else 1.0
    x, y = random.uniform(side - 1, 1 - side, size=2) if most else (0.0, 0.0)
    return _Crop(float(x), float(y), float(side))


def _seen_through(frames: Tensor, crop: _Crop, flip: bool) -> Tensor:
    """The cropped and flipped part of frames (F, C, H, W), in the same size."""
    if crop.side < 1:
        where = torch.tensor([[crop.side, 0.0, crop.x], [0.0, crop.side, crop.y]]).expand(len(frames), 2, 3)
        grid = affine_grid(where, list(frames.shape), align_corners=False)
        frames = grid_sample(frames, grid, padding_mode="border", align_corners=False)
    return frames.flip(-1) if flip else frames


def _relit(random: np.random.Generator, frames: Tensor, most: float) -> Tensor:
    """Frames from 0 to 1 with other brightness of each channel, and other contrast between dark and light."""
    if not most:
        return frames
    widest = math.log1p(most)
    gain = torch.from_numpy(np.exp(random.uniform(-widest, widest, frames.shape[1])).astype(np.float32))
    gamma = math.exp(random.uniform(-widest, widest))
    return (frames**gamma * gain[:, None, None]).clamp(max=1.0)


def _noisy(random: np.random.Generator, frames: Tensor, most: float) -> Tensor:
    if not most:
        return frames
    deviation = random.uniform(0, most) / 255
    noise = random.standard_normal(tuple(frames.shape), dtype=np.float32)
    return (frames + deviation * torch.from_numpy(noise)).clamp(0.0, 1.0)


def _encoded(random: np.random.Generator, frames: Tensor) -> Tensor:
    pixels = (255 * frames).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    decoded = compressed(list(pixels), int(random.integers(_BEST_CRF, _WORST_CRF + 1)))
    return torch.from_numpy(np.stack(decoded)).permute(0, 3, 1, 2).float() / 255


def _differences(frames: Tensor) -> Tensor:
    """Normalized differences (F - 1, C, H, W) from each frame, from 0 to 1, to the next."""
    lifted = np.maximum(frames.numpy(), DARKEST)
    return torch.from_numpy(normalized_difference(lifted[:-1], lifted[1:]))


def _statistics(before: Tensor, after: Tensor) -> tuple[float, float]:
    """By how much frames became brighter, and by what factor they vary more."""
    spread = float(before.std(correction=0))
    return float(after.mean() - before.mean()), float(after.std(correction=0)) / spread if spread else 1.0


def _stored(frames: Tensor, full: int, dtype: torch.dtype) -> Tensor:
    """Frames from 0 to 1 as `Clips` has them, (F, H, W, C); 16 bits keep their place in int16."""
    return (full * frames).round().to(torch.int32).to(dtype).permute(0, 2, 3, 1)

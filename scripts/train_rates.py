"""Second stage of the default bundle: pulse and respiration, on generated clips."""

import json
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import mse_loss

from expression_stills import CROP_SIZE, Stills
from physiocam.datasets.synthetic import ClipSettings, SyntheticClip
from physiocam.inputs import InputShape, input_blocks
from physiocam.networks.bigsmall import BigBranch, BigSmall
from physiocam.video.tracker import Square
from physiocam.video.writer import write_video

SHAPE = InputShape()
_FACE = 144
_BATCH = 180
BIG_EVERY = 10


@dataclass(frozen=True)
class PreparedClip:
    """One generated clip, ready for training.

    Attributes
    ----------
    still : int
        Index of the portrait in the stills.
    settings : dict
        Of the generator.
    small : float16 array (clips, 3, 3, 9, 9)
    big : float16 array (ceil(clips / BIG_EVERY), 3, 144, 144)
        Standardized Big frames, one in BIG_EVERY: the face hardly changes in between.
    pulse, respiration : float32 arrays (clips, 3)
        Differences of the truth, divided by their standard deviation.
    heart_rate, breathing_rate : float
        True means, a minute.
    """

    still: int
    settings: dict[str, Any]
    small: NDArray[np.float16]
    big: NDArray[np.float16]
    pulse: NDArray[np.float32]
    respiration: NDArray[np.float32]
    heart_rate: float
    breathing_rate: float


def load_clips(
    folder: Path, stills: Stills, count: int, *, held_out: bool, durations_s: tuple[float, ...], seed: int
) -> list[PreparedClip]:
    """Read prepared clips, generating those that are not there yet; clip i depends on the seed and i alone."""
    folder.mkdir(parents=True, exist_ok=True)
    candidates = np.flatnonzero(stills.held_out == held_out)
    paths = [folder / f"{index:05d}.npz" for index in range(count)]
    # Fresh processes: forking one that runs PyTorch's threads may hang.
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        jobs = []
        for index, path in enumerate(paths):
            if not path.is_file():
                random = np.random.default_rng([seed, index])
                still = int(random.choice(candidates))
                jobs.append(pool.submit(_generate, path, stills.crops[still], still, random, durations_s))
        for job in jobs:
            job.result()
    return [_restore(path) for path in paths]


def _generate(
    path: Path,
    portrait: NDArray[np.uint8],
    still: int,
    random: np.random.Generator,
    durations_s: tuple[float, ...],
) -> None:
    _store(_prepare(portrait, still, _settings(random, durations_s), random), path)


def _store(clip: PreparedClip, path: Path) -> None:
    beside = path.with_suffix(".partial.npz")
    facts = {field: getattr(clip, field) for field in ("still", "settings", "heart_rate", "breathing_rate")}
    np.savez(
        beside,
        small=clip.small,
        big=clip.big,
        pulse=clip.pulse,
        respiration=clip.respiration,
        facts=np.array(json.dumps(facts)),
    )
    beside.replace(path)


def _restore(path: Path) -> PreparedClip:
    with np.load(path) as stored:
        facts = json.loads(str(stored["facts"]))
        arrays = {name: stored[name] for name in ("small", "big", "pulse", "respiration")}
    return PreparedClip(**facts, **arrays)


def _prepare(
    portrait: NDArray[np.uint8], still: int, settings: ClipSettings, random: np.random.Generator
) -> PreparedClip:
    clip = SyntheticClip(portrait, (CROP_SIZE / 2, CROP_SIZE / 2, 0.95 * _FACE), settings)
    # Half are compressed. Faces are larger in most recordings, so the codec leaves them more than its setting says.
    crf = int(random.integers(6, 20)) if random.random() < 0.5 else None
    side = int(random.integers(132, 157))
    margin = (CROP_SIZE - side) // 2
    x, y = (int(np.clip(margin + random.integers(-6, 7), 0, CROP_SIZE - side)) for _ in range(2))
    square = Square(x, y, side)
    located = ((frame, square) for frame in _through_camera(clip, crf))
    (block,) = input_blocks(located, SHAPE, len(clip.timestamps_s))
    frames = block.clips * SHAPE.clip_length
    return PreparedClip(
        still=still,
        settings={**asdict(settings), "crf": crf},
        small=block.small.astype(np.float16),
        big=block.big(0, block.clips)[::BIG_EVERY, 0].astype(np.float16),
        pulse=_difference(clip.pulse, frames),
        respiration=_difference(clip.respiration, frames),
        heart_rate=clip.heart_rate,
        breathing_rate=clip.breathing_rate,
    )


def _settings(random: np.random.Generator, durations_s: tuple[float, ...]) -> ClipSettings:
    def between(lowest: float, highest: float) -> float:
        """Even on a logarithmic scale."""
        return float(np.exp(random.uniform(np.log(lowest), np.log(highest))))

    # From pale skin in warm light to dark skin in cold light; dark skin shows the pulse less.
    depth = random.uniform(0.0, 1.0)
    tint = (1.15 - 0.45 * depth, 0.95 - 0.5 * depth, 0.9 - 0.55 * depth) * random.uniform(0.9, 1.1, 3)
    return ClipSettings(
        duration_s=float(random.choice(durations_s)),
        fs=float(random.choice([24.0, 25.0, 30.0, 30.0])),
        heart_rate=float(random.uniform(45, 150)),
        breathing_rate=float(random.uniform(6, 30)),
        pulse_strength=between(0.0015, 0.012) * (1.0 - 0.4 * depth),
        breathing_motion=between(0.0005, 0.01),
        head_motion=between(0.0002, 0.01),
        light_change=between(0.0005, 0.02),
        flicker=between(0.0001, 0.003),
        tint=(float(tint[0]), float(tint[1]), float(tint[2])),
        noise=between(0.4, 4.0),
        seed=int(random.integers(2**31)),
    )


def _through_camera(clip: SyntheticClip, crf: int | None) -> Iterator[NDArray[np.uint8]]:
    if crf is None:
        yield from clip.frames()
        return
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "clip.mp4"
        write_video(path, clip.frames(), clip.fs, crf)
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                yield frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)


def _difference(waveform: NDArray[np.float64], frames: int) -> NDArray[np.float32]:
    difference = np.zeros(frames, dtype=np.float32)
    steps = np.diff(waveform)
    difference[: len(steps)] = steps / steps.std()
    return difference.reshape(-1, SHAPE.clip_length)


@torch.inference_mode()
def big_maps(big: BigBranch, clip: PreparedClip) -> Tensor:
    """Features (clips, 64, 9, 9) of the Big branch in float16."""
    with torch.autocast("cpu", torch.bfloat16):
        maps = big(torch.from_numpy(clip.big).float())
    repeated: Tensor = maps.half().repeat_interleave(BIG_EVERY, 0)
    return repeated[: len(clip.small)]


def train_small(network: BigSmall, clips: list[PreparedClip], epochs: int, seed: int) -> dict[str, Any]:
    """Train the Small branch and the heads of pulse and respiration on summed maps; Big stays as it is."""
    torch.manual_seed(seed)
    small = torch.from_numpy(np.concatenate([clip.small for clip in clips]))
    maps = torch.cat([big_maps(network.big.eval(), clip) for clip in clips])
    targets = {
        "pulse": torch.from_numpy(np.concatenate([clip.pulse for clip in clips])),
        "respiration": torch.from_numpy(np.concatenate([clip.respiration for clip in clips])),
    }
    heads = {name: network.heads[name] for name in targets}
    parameters = [*network.small.parameters(), *(p for head in heads.values() for p in head.parameters())]
    optimizer = torch.optim.AdamW(parameters, weight_decay=0.01)
    steps = epochs * (len(small) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=2e-3, total_steps=steps, pct_start=0.2)
    losses: list[dict[str, float]] = []
    started = time.monotonic()
    for epoch in range(epochs):
        order = torch.randperm(len(small))
        totals = dict.fromkeys(targets, 0.0)
        for start in range(0, len(order) - _BATCH + 1, _BATCH):
            batch = order[start : start + _BATCH]
            outputs = heads_on_maps(network, maps[batch], small[batch], tuple(heads))
            parts = {name: mse_loss(outputs[name][..., 0], targets[name][batch]) for name in targets}
            optimizer.zero_grad(set_to_none=True)
            sum(parts.values(), torch.zeros(())).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            for name, part in parts.items():
                totals[name] += part.item() / (len(order) // _BATCH)
        losses.append({name: round(total, 4) for name, total in totals.items()})
        print(f"epoch {epoch + 1}/{epochs}  {losses[-1]}  {time.monotonic() - started:.0f} s", flush=True)
    return {"seconds": round(time.monotonic() - started), "epochs": epochs, "seed": seed, "losses": losses}


def heads_on_maps(network: BigSmall, maps: Tensor, small: Tensor, names: tuple[str, ...]) -> dict[str, Tensor]:
    """Outputs (B, N, C) of some heads, from stored Big maps (B, 64, 9, 9) and Small inputs (B, N, 3, 9, 9)."""
    fused = network.small(small.float().flatten(0, 1)) + maps.float().repeat_interleave(SHAPE.big_stride, 0)
    flat = fused.flatten(1)
    return {name: network.heads[name](flat).unflatten(0, (-1, SHAPE.clip_length)) for name in names}


@torch.inference_mode()
def waveforms(network: BigSmall, clip: PreparedClip) -> dict[str, NDArray[np.float32]]:
    """Difference waveforms (T,) that the network reads in a prepared clip."""
    maps = big_maps(network.big.eval(), clip)
    outputs = heads_on_maps(network, maps, torch.from_numpy(clip.small), ("pulse", "respiration"))
    return {name: output.flatten().numpy() for name, output in outputs.items()}

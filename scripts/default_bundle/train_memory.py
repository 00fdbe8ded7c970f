"""The network with memory: trained on long clips, epoch by epoch, and resumed where it was stopped."""

import copy
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from disturbances import between, rhythm, swing
from kept_training import KeptTraining
from long_clips import LongClip
from physiocam.networks.small_tcn import SmallTcn
from physiocam.networks.small_tcn_config import SmallTcnConfig
from physiocam.synthetic.physiology import Physiology
from physiocam.synthetic.portrait import PULSE_RGB
from real_motion import Motion

# Clips in a batch, and how many of them are real motion with a pulse put in.
_BATCH, _MOTIONS = 16, 5
# Many hearts rest: mean and standard deviation of their rates, and how much more common they are than others.
_REST, _REST_SD, _REST_WEIGHT = 72.0, 18.0, 1.5
# The highest learning rate of new weights, and of known ones.
_RATE, _RATE_AGAIN = 2.5e-3, 1.5e-3
# Inputs (T, 3, 9, 9), the target (T,), and frames per second.
_Clip = tuple[NDArray[np.floating], NDArray[np.float32], float]
# Frequencies in Hz by which a wave is judged.
_LOWEST, _HIGHEST = 0.6, 5.0
# How much pulse is put into clips beside their own, in the unit of their changes.
_WEAKEST, _STRONGEST = 0.01, 0.25
# How far a head moves with its heart, in the same unit, in so many clips.
_KICKS, _KICKED = (0.01, 0.5), 0.75
# How much real motion lies over so many clips, in the unit of the clip's own.
_MOVES, _MOVED = (0.2, 2.0), 0.4
# Of the light that plays over a face, in the same unit.
_SHADES = (0.03, 0.6)
_MSE_SHARE, _SPECTRUM_SHARE = 0.1, 0.15


def train_memory(
    clips: list[LongClip],
    motions: list[Motion],
    others: list[LongClip],
    epochs: int,
    seed: int,
    kept: Path,
    made_with: Any,
    initial: SmallTcn | None = None,
) -> tuple[SmallTcn, dict[str, Any]]:
    """Train the network; each epoch is kept, and a run that was made with the same goes on from it.

    Parameters
    ----------
    clips : list of LongClip
        To learn from.
    motions : list of Motion
        To learn from too, with a pulse that is drawn each time.
    others : list of LongClip
        To report on.
    epochs, seed : int
    kept : Path
        File for the state after the last epoch.
    made_with : plain values
        What decides the weights beside this file.
    initial : SmallTcn, optional
        Whose weights to begin with.

    Returns
    -------
    SmallTcn, dict
        With the running mean of the weights; and the record.
    """
    torch.manual_seed(seed)
    network = copy.deepcopy(initial) if initial else SmallTcn(SmallTcnConfig())
    steps = len(clips) // _BATCH
    common = _common([clip.facts["true_rate"] for clip in clips])
    training = KeptTraining(
        network, kept, made_with, epochs=epochs, steps=steps, seed=seed, highest=_RATE_AGAIN if initial else _RATE
    )
    for random in training.epochs_left():
        for _ in range(steps):
            chosen = random.choice(len(clips), _BATCH - _MOTIONS, replace=False, p=common)
            known_clips = [(clips[index].small, clips[index].target, clips[index].facts["fs"]) for index in chosen]
            moved = [_with_pulse(motions[index], random) for index in random.integers(len(motions), size=_MOTIONS)]
            under_motion = [
                (_over(motions[random.integers(len(motions))], clip, random), *clip[1:])
                if random.random() < _MOVED else clip
                for clip in known_clips
            ]  # fmt: skip
            small, target, fs, known = _batch([*under_motion, *moved], network.config.clip_length, random)
            training.step(_loss(network(small=small)["pulse"][..., 0], target, fs, known))
        r = correlations(training.mean, others)
        training.end_epoch(r_of_others=[round(float(np.quantile(r, share)), 4) for share in (0.25, 0.5, 0.75)])
    return training.mean.eval(), training.record


@torch.inference_mode()
def correlations(network: SmallTcn, clips: list[LongClip]) -> NDArray[np.float64]:
    """How well the waves of clips are read, r of each."""
    network.eval()
    found = []
    for clip in clips:
        length = min(network.config.clip_length, len(clip.small) - 1)
        small = torch.zeros(1, network.config.clip_length, *clip.small.shape[1:])
        small[0, :length] = torch.from_numpy(clip.small[:length].astype(np.float32))
        target, known = torch.zeros(1, small.shape[1]), torch.zeros(1, small.shape[1])
        target[0, :length], known[0, :length] = torch.from_numpy(clip.target[:length]), 1.0
        wave = network(small=small)["pulse"][..., 0]
        _, r = _spectra_agree(wave, target, torch.tensor([clip.facts["fs"]]), known)
        found.append(float(r))
    return np.array(found)


def _common(rates: list[float]) -> NDArray[np.float64]:
    """How often clips of these heart rates are drawn; the sum is 1."""
    weight = 1.0 + _REST_WEIGHT * np.exp(-0.5 * ((np.array(rates) - _REST) / _REST_SD) ** 2)
    return np.asarray(weight / weight.sum())


def _with_pulse(motion: Motion, random: np.random.Generator) -> _Clip:
    """Real motion, forwards or backwards, with a new pulse put in."""
    small = motion.small.astype(np.float32)
    if random.random() < 0.5:
        small = -small[::-1]
    rate = float(random.uniform(42, 165))
    if random.random() < 1 / 3:
        rate = float(np.clip(random.normal(_REST, _REST_SD), 42, 165))
    pulse = Physiology(len(small), motion.fs, rate, float(random.uniform(6, 30)), random).pulse
    change = np.diff(pulse, append=pulse[-1])
    target = (change / change.std()).astype(np.float32)
    return _more_pulse(small, target, random), target, motion.fs


def _over(motion: Motion, clip: _Clip, random: np.random.Generator) -> NDArray[np.float32]:
    """What a clip shows, under real motion: back and forth, where it is too short."""
    small, _, fs = clip
    moving = motion.small[:-1].astype(np.float32)
    if random.random() < 0.5:
        moving = -moving[::-1]
    if random.random() < 0.5:
        moving = moving[..., ::-1]
    places = random.uniform(0, len(moving)) + np.arange(len(small)) * random.uniform(0.7, 1.4) * motion.fs / fs
    last = len(moving) - 1
    moving = _between(moving, last - np.abs(np.mod(places, 2 * last) - last))
    share = between(random, *_MOVES) * float(small.std(dtype=np.float64)) / max(float(moving.std()), 1e-6)
    return small.astype(np.float32) + np.float32(share) * moving


def _between(frames: NDArray[np.float32], places: NDArray[np.float64]) -> NDArray[np.float32]:
    """Frames (T, ...) at places from 0 to T - 1 between them."""
    before = np.minimum(places.astype(int), len(frames) - 2)
    part = (places - before).astype(np.float32).reshape(-1, *(1,) * (frames.ndim - 1))
    found: NDArray[np.float32] = frames[before] * (1 - part) + frames[before + 1] * part
    return found


def _batch(clips: list[_Clip], length: int, random: np.random.Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Inputs (B, N, 3, 9, 9), targets and what of them is known (B, N), and frames per second (B,)."""
    small = np.zeros((len(clips), length, *clips[0][0].shape[1:]), np.float32)
    target, known = np.zeros((2, len(clips), length), np.float32)
    for row, (shown, change, pace) in enumerate(clips):
        inputs, truth = _stretched(shown, change, random)
        # Recordings may be shorter than a clip, and begin anywhere in it.
        wanted = length if random.random() < 0.6 else int(random.uniform(6.5 * pace, length))
        taken = min(wanted, length, len(truth))
        first, place = random.integers(len(truth) - taken + 1), random.integers(length - taken + 1)
        part = slice(first, first + taken)
        seen = inputs[part] if random.random() < 1 / 2 else _more_pulse(inputs[part], truth[part], random)
        if random.random() < _KICKED:
            seen = _kicked(seen, truth[part], pace, random)
        if random.random() < 2 / 3:
            seen = _shaded(seen, pace, random)
        small[row, place : place + taken] = _altered(seen, random)
        target[row, place : place + taken] = truth[part]
        known[row, place : place + taken] = 1.0
    fs = torch.tensor([fs for _, _, fs in clips])
    return torch.from_numpy(small), torch.from_numpy(target), fs, torch.from_numpy(known)


def _stretched(
    small: NDArray[np.floating], target: NDArray[np.float32], random: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A clip whose time runs at another pace; its last change leads nowhere."""
    small, target = small[:-1].astype(np.float32), target[:-1]
    if random.random() < 0.5:
        return small, target
    places = np.linspace(0, len(target) - 1, int(len(target) * random.uniform(0.8, 1.25)))
    return _between(small, places), _between(target, places)


def _more_pulse(
    small: NDArray[np.float32], target: NDArray[np.float32], random: np.random.Generator
) -> NDArray[np.float32]:
    """The same with more pulse in the middle of the face, stronger here and weaker or absent there.

    Its colours lie between those of blood and the grey that encoders make of them.
    """
    side = small.shape[-1]
    places = (np.arange(side) - (side - 1) / 2) / side
    inside = 1 / (1 + np.exp(12 * (np.hypot(places[:, None] / 0.55, places[None] / 0.42) - 0.95)))
    blood = np.array(PULSE_RGB) * (1 + 0.1 * random.standard_normal(3))
    grey = random.uniform(0, 0.7)
    colours = (1 - grey) * blood + grey * blood.mean()
    strength = between(random, _WEAKEST, _STRONGEST)
    spread = np.exp(random.uniform(0, 1.2) * random.standard_normal((3, 3))) * (random.random((3, 3)) > 0.25)
    gains = inside * np.kron(np.clip(spread, 0, 4), np.ones((-(-side // 3), -(-side // 3))))[:side, :side]
    pattern = (-strength * colours[:, None, None] * gains).astype(np.float32)
    wave = _held(target, random) if random.random() < 0.4 else target
    more: NDArray[np.float32] = pattern * wave[:, None, None, None]
    return small + more


def _kicked(
    small: NDArray[np.float32], target: NDArray[np.float32], fs: float, random: np.random.Generator
) -> NDArray[np.float32]:
    """The same with a head that swings a little after each beat: its edges shift, in all colours alike.

    The blood's recoil does that (ballistocardiography). Such a swing has more overtones than the pulse, and in single
    cells it is often stronger.
    """
    side, seen = small.shape[-1], small
    for _ in range(random.integers(1, 3)):
        wave = np.convolve(target, swing(fs, random))[: len(target)]
        wave = between(random, *_KICKS) * wave / max(float(wave.std()), 1e-6)
        edges = random.standard_normal((side, side)) * np.exp(0.5 * random.standard_normal((side, side)))
        colours = 1.0 + 0.1 * random.standard_normal((3, 1, 1))
        pattern = edges * colours + 0.15 * random.standard_normal((3, side, side))
        seen = seen + wave.astype(np.float32)[:, None, None, None] * pattern.astype(np.float32)
    return seen


def _held(target: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """Changes (T,) that an encoder gathers until it shows them in one frame."""
    shown = random.random(len(target)) < random.uniform(0.3, 0.9)
    shown[-1] = True
    ends = np.flatnonzero(shown)
    held = np.zeros_like(target)
    held[ends] = np.diff(np.cumsum(target)[ends], prepend=0.0)
    return held


def _shaded(small: NDArray[np.float32], fs: float, random: np.random.Generator) -> NDArray[np.float32]:
    """The same with light that plays over the face as a head moves: nearly grey, in a few patterns and rhythms."""
    frames, side = len(small), small.shape[-1]
    seen = small
    for _ in range(random.integers(1, 4)):
        if random.random() < 0.3:
            wave = rhythm(frames, fs, between(random, 0.5, 4.0), random)
        else:
            spectrum = np.fft.rfft(random.standard_normal(frames))
            spectrum /= 1.0 + (np.fft.rfftfreq(frames, 1 / fs) / between(random, 0.5, 6.0)) ** 4
            wave = np.fft.irfft(spectrum, frames)
        wave *= between(random, *_SHADES) / max(float(wave.std()), 1e-6)
        plain = (random.standard_normal((3, 3)) + random.standard_normal()).astype(np.float32)
        pattern = cv2.resize(plain, (side, side), interpolation=cv2.INTER_LINEAR)
        colours = (1.0 + 0.1 * random.standard_normal(3)).astype(np.float32)
        seen = seen + wave.astype(np.float32)[:, None, None, None] * (colours[:, None, None] * pattern)
    return seen


def _altered(small: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """Mirrored, one half for both, in other colours, at another scale, and noisier."""
    if random.random() < 0.5:
        small = small[..., ::-1]
    if random.random() < 0.25:
        middle = small.shape[-1] // 2
        small = small.copy()
        small[..., middle + 1 :] = small[..., :middle][..., ::-1]
    scale = np.exp(random.normal(0, 0.3)) * np.exp(random.normal(0, 0.08, (3, 1, 1)))
    small = small * scale.astype(np.float32)
    if random.random() < 0.4:
        # Some regions are noisier than others: hair, or a mouth that moves.
        noisy = np.kron(random.uniform(0, 0.5, (3, 3)), np.ones((-(-small.shape[-1] // 3),) * 2))
        noise = random.standard_normal(small.shape, dtype=np.float32)
        small += noisy[: small.shape[-1], : small.shape[-1]].astype(np.float32) * noise
    if random.random() < 0.4:
        small += np.float32(random.uniform(0, 0.25)) * random.standard_normal(small.shape, dtype=np.float32)
    return small


def _loss(wave: Tensor, target: Tensor, fs: Tensor, known: Tensor) -> Tensor:
    share, r = _spectra_agree(wave, target, fs, known)
    error = ((wave - target).square() * known).sum(1) / known.sum(1)
    return (1 - r + _MSE_SHARE * error - _SPECTRUM_SHARE * torch.log(share + 0.01)).mean()


def _spectra_agree(wave: Tensor, target: Tensor, fs: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """Share of a wave's power where its truth has some, and their correlation; of the waves, not of the differences."""
    length = wave.shape[1]
    seconds = length / fs
    hz = torch.arange(length // 2 + 1)[None] / seconds[:, None]
    weight = ((hz >= _LOWEST) & (hz <= _HIGHEST)) / hz.clamp(min=_LOWEST)
    found, true = torch.fft.rfft(wave * known) * weight, torch.fft.rfft(target * known) * weight
    power, true_power = found.abs().square(), true.abs().square()
    r = (found * true.conj()).real.sum(1) / (power.sum(1) * true_power.sum(1) + 1e-9).sqrt()
    there = (true_power > 0.1 * true_power.amax(1, keepdim=True)).float()
    return (power * there).sum(1) / (power.sum(1) + 1e-9), r

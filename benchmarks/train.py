"""Speed of a training step: against the published code's way, and, where there is an NVIDIA GPU, on it.

    python benchmarks/train.py [--clips 180] [--rounds 3] [--json OUT.json]

On the CPU, one thread: the plain transcription of benchmarks/networks.py with plain losses and Adam, and then what each
of our steps brings on top of the one before it, in turn, in one run. Mathematics is the same in all but the last row.
On a GPU: frames/s with all data there, share of the GPU's peak, share of the time spent on gathering and standardizing
the batch, for fp32, tf32 and bf16; losses of fp32 and bf16 over the same steps; and what the paper's whole protocol
(200,000 frames, two thirds of them in each of three folds, 5 epochs) takes at that speed.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from statistics import median
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, mse_loss

from networks import PlainBigSmall
from physiocam.datasets.store.clip_batch import ClipBatch, standardize
from physiocam.networks.complexity import cost
from physiocam.networks.config import AU, BigSmallConfig
from physiocam.networks.registry import build
from physiocam.training.losses import TaskLosses, published_pos_weight

CONFIG = BigSmallConfig()

# Dense peak of tensor cores in FLOP/s without sparsity, by a part of the GPU's name (NVIDIA's data sheets).
PEAKS = {
    "H100": {"fp32": 67e12, "tf32": 495e12, "bf16": 989e12},
    "H200": {"fp32": 67e12, "tf32": 495e12, "bf16": 989e12},
}

PROTOCOL_FRAMES = 200_000 * 2 / 3 * 3 * 5
GPU_STEPS = 60


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=180, help="clips in a step")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    figures: dict[str, Any] = {"clips": arguments.clips, "cpu": on_cpu(arguments.clips, arguments.rounds)}
    if torch.cuda.is_available():
        figures["gpu"] = on_gpu(arguments.clips)
    else:
        print("\nno NVIDIA GPU here: its part is left out")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


def batch_of(clips: int, device: str = "cpu") -> ClipBatch:
    """A batch as a store gives it, of noise."""
    random = torch.Generator().manual_seed(0)
    n, k = CONFIG.clip_length, CONFIG.big_frames

    def labels(task: int) -> Tensor:
        return torch.randn(clips, n, task, generator=random)

    targets = {"au": (labels(12) > 0.5).float(), "pulse": labels(1), "respiration": labels(1)}
    return ClipBatch(
        big=torch.randint(0, 256, (clips, k, 144, 144, 3), generator=random, dtype=torch.uint8).to(device),
        small=torch.randn(clips, n, 3, 9, 9, generator=random).to(device),
        face_found=torch.ones(clips, n, dtype=torch.bool, device=device),
        statistics=torch.tensor([0.5, 0.25, 1.0]).expand(clips, 3).to(device),
        targets={task: values.to(device) for task, values in targets.items()},
        masks={task: torch.ones_like(values, dtype=torch.bool, device=device) for task, values in targets.items()},
        recording=torch.zeros(clips, dtype=torch.long),
        start=torch.zeros(clips, dtype=torch.long),
    )


def on_cpu(clips: int, rounds: int) -> list[dict[str, Any]]:
    """Seconds a step of each way, in turn."""
    torch.set_num_threads(1)
    batch = batch_of(clips)
    big, small = standardize(batch)
    ways = {
        "plain layers, all Big frames, plain losses": plain_step(big, small, batch),
        "our network, plain losses": our_step(big, small, batch, plain_losses=True),
        "and one loss module that passes over unknown labels": our_step(big, small, batch),
        "and fused Adam": our_step(big, small, batch, fused=True),
        "and gathered and standardized from bytes": our_step(None, None, batch, fused=True),
        "and bfloat16 (other mathematics)": our_step(None, None, batch, fused=True, half=True),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, step in ways.items():
            started = time.perf_counter()
            step()
            seconds[name].append(time.perf_counter() - started)
    plain = seconds[next(iter(ways))]
    rows = []
    print(f"one thread, {clips} clips a step\n\n{'way':55} {'s/step':>8} {'frames/s':>9} {'times plain':>12}")
    for name, found in seconds.items():
        ratio = median(p / f for p, f in zip(plain, found, strict=True))
        rows.append({"way": name, "seconds": min(found), "frames_per_s": 3 * clips / min(found), "times_plain": ratio})
        print(f"{name:55} {min(found):8.2f} {3 * clips / min(found):9.1f} {ratio:12.2f}")
    return rows


def plain_step(big: Tensor, small: Tensor, batch: ClipBatch) -> Callable[[], None]:
    """The published code's way: every Big frame of the clips handed over, frames as one flat batch."""
    network = PlainBigSmall(CONFIG).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=0.0)
    every = big.repeat_interleave(CONFIG.big_stride, dim=1)
    weight = published_pos_weight(AU)

    def step() -> None:
        optimizer.zero_grad()
        au, pulse, respiration = network(every, small)
        losses = [
            binary_cross_entropy_with_logits(au, batch.targets["au"].flatten(0, 1), pos_weight=weight),
            mse_loss(pulse, batch.targets["pulse"].flatten(0, 1)),
            mse_loss(respiration, batch.targets["respiration"].flatten(0, 1)),
        ]
        torch.autograd.backward(losses[0] + losses[1] + losses[2])
        optimizer.step()

    return step


def our_step(
    big: Tensor | None,
    small: Tensor | None,
    batch: ClipBatch,
    *,
    plain_losses: bool = False,
    fused: bool = False,
    half: bool = False,
) -> Callable[[], None]:
    network = build(CONFIG).train()
    losses = TaskLosses(CONFIG.tasks, {"au": published_pos_weight(AU)})
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, fused=fused)

    def step() -> None:
        optimizer.zero_grad()
        given = standardize(batch) if big is None or small is None else (big, small)
        with torch.autocast("cpu", torch.bfloat16) if half else nullcontext():
            outputs = network(*given)
        if plain_losses:
            total = (
                binary_cross_entropy_with_logits(
                    outputs["au"], batch.targets["au"], pos_weight=published_pos_weight(AU)
                )
                + mse_loss(outputs["pulse"], batch.targets["pulse"])
                + mse_loss(outputs["respiration"], batch.targets["respiration"])
            )
        else:
            total = torch.stack(list(losses(outputs, batch.targets, batch.masks).values())).sum()
        torch.autograd.backward(total)
        optimizer.step()

    return step


def on_gpu(clips: int) -> dict[str, Any]:
    """Frames/s, share of peak and of waiting, by precision."""
    name = torch.cuda.get_device_name()
    peaks = next((values for part, values in PEAKS.items() if part in name), {})
    flops = 3 * 2 * cost(CONFIG).macs_per_clip * clips
    print(f"\n{name}, {clips} clips a step\n")
    print(f"{'precision':10} {'frames/s':>10} {'of peak':>8} {'data':>6} {'protocol':>9}")
    figures: dict[str, Any] = {"name": name}
    curves = {}
    for precision in ("fp32", "tf32", "bf16"):
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
        seconds, waiting, curves[precision] = gpu_steps(clips, half=precision == "bf16")
        rate = 3 * clips / seconds
        share = flops / seconds / peaks[precision] if peaks else None
        figures[precision] = {
            "frames_per_s": rate,
            "share_of_peak": share,
            "share_waiting_for_data": waiting / seconds,
            "protocol_s": PROTOCOL_FRAMES / rate,
        }
        shown = "-" if share is None else f"{share:.1%}"
        print(f"{precision:10} {rate:10,.0f} {shown:>8} {waiting / seconds:6.1%} {PROTOCOL_FRAMES / rate:8.0f}s")
    figures["largest_loss_difference_bf16"] = max(
        abs(a - b) for a, b in zip(curves["fp32"], curves["bf16"], strict=True)
    )
    figures["losses"] = curves
    return figures


def gpu_steps(clips: int, half: bool) -> tuple[float, float, list[float]]:
    """Seconds a step, seconds of it for the batch, and the losses of all steps."""
    torch.manual_seed(0)
    batch = batch_of(clips, "cuda")
    network: nn.Module = build(CONFIG).train().cuda()
    losses = TaskLosses(CONFIG.tasks, {"au": published_pos_weight(AU)}).cuda()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
    curve: list[Tensor] = []
    order = torch.randperm(clips, device="cuda")

    def gather() -> tuple[Tensor, Tensor]:
        taken = batch._replace(big=batch.big.index_select(0, order), small=batch.small.index_select(0, order))
        return standardize(taken)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cuda", torch.bfloat16, enabled=half):
            outputs = network(*gather())
        total = torch.stack(list(losses(outputs, batch.targets, batch.masks).values())).sum()
        torch.autograd.backward(total)
        optimizer.step()
        curve.append(total.detach())

    for _ in range(10):
        step()
    with timed() as whole:
        for _ in range(GPU_STEPS):
            step()
    with timed() as data:
        for _ in range(GPU_STEPS):
            gather()
    return whole[0] / GPU_STEPS, data[0] / GPU_STEPS, torch.stack(curve).tolist()


@contextmanager
def timed() -> Iterator[list[float]]:
    """Seconds of what runs on the GPU inside."""
    found: list[float] = []
    torch.cuda.synchronize()
    started = time.perf_counter()
    yield found
    torch.cuda.synchronize()
    found.append(time.perf_counter() - started)


if __name__ == "__main__":
    main()

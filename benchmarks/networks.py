"""Speed of the networks: against plain PyTorch of the same layers, and what the temporal shift costs.

    python benchmarks/networks.py [--json OUT.json]

The plain networks below are what a reader of the paper would write: every layer in the order in which it is described,
all Big frames handed over, memory laid out as PyTorch does by itself. They are given the same weights, and must give
the same answers before anything is timed. One thread; both run in turn, so that other work on the machine meets them
alike; ratios are medians over the pairs.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import onnxruntime
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, relu
from torch.utils._python_dispatch import TorchDispatchMode

from physiocam.networks.baseline_configs import CanConfig
from physiocam.networks.bigsmall import SmallBranch
from physiocam.networks.config import BigSmallConfig, NetworkConfig
from physiocam.networks.registry import build, preset, preset_names

# Clips in a call; the smaller networks take more, so that no figure is one of overheads.
CLIPS = {"small": 40, "deepphys": 20, "mtts-can": 20, "drml": 1, "alexnet": 2}
CLIPS |= {"big": 2, "bigsmall-every-frame": 2, "bigsmall-base": 2, "deepphys-72": 1, "mtts-can-72": 1}
USUAL_CLIPS = 6
SECONDS_A_JOB = 2.5
SHIFT_CLIPS = (1, 60, 180)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    figures = {"networks": networks(), "shift": shift()}
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


def networks() -> list[dict[str, Any]]:
    """Forward pass and training step of every preset with a plain transcription, beside it."""
    rows = []
    for name, config in ((name, preset(name)) for name in preset_names()):
        if config.architecture not in PLAIN:
            continue
        clips = CLIPS.get(name, USUAL_CLIPS)
        ours, plain = build(config), PLAIN[config.architecture](config)
        plain.load_state_dict(
            dict(zip(plain.state_dict(), (tensor.clone() for tensor in ours.state_dict().values()), strict=True))
        )
        all_big = torch.randn(clips, config.clip_length, 3, *config.big_shape)
        small = torch.randn(clips, config.clip_length, 3, *config.small_shape)
        big = all_big[:, :: config.big_stride].contiguous()
        for network in (ours, plain):
            network.eval()
        with torch.inference_mode():
            for expected, found in zip(plain(all_big, small), ours(big, small).values(), strict=True):
                torch.testing.assert_close(found.flatten(0, 1), expected, rtol=1e-4, atol=1e-4)

        def forward(network: nn.Module, *inputs: Tensor) -> Callable[[], None]:
            def run() -> None:
                with torch.inference_mode():
                    network(*inputs)

            return run

        # Training first: whatever runs first in a fresh process waits for memory that later ones find at hand, and the
        # plain networks, which ask for more of it, would look slower than they are.
        step_pairs = in_turn([training_step(plain, all_big, small), training_step(ours, big, small)])
        for network in (ours, plain):
            network.eval()
        forward_pairs = in_turn([forward(plain, all_big, small), forward(ours, big, small)])
        frames = clips * config.clip_length
        rows.append(
            {
                "network": name,
                "clips": clips,
                "forward_frames_s": frames / median(pair[1] for pair in forward_pairs),
                "forward_ratio": median(slow / fast for slow, fast in forward_pairs),
                "training_frames_s": frames / median(pair[1] for pair in step_pairs),
                "training_ratio": median(slow / fast for slow, fast in step_pairs),
            }
        )
    table(
        "networks against their plain transcriptions, 1 thread",
        ["network", "clips", "forward, frames/s", "times plain", "training step, frames/s", "times plain"],
        rows,
    )
    return rows


def training_step(network: nn.Module, *inputs: Tensor) -> Callable[[], None]:
    """Forward, backward and Adam's step, dropout included."""
    network.train()
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4)

    def run() -> None:
        optimizer.zero_grad()
        outputs = network(*inputs)
        losses = [output.square().mean() for output in (outputs.values() if isinstance(outputs, dict) else outputs)]
        torch.autograd.backward(losses)
        optimizer.step()

    return run


def shift() -> list[dict[str, Any]]:
    """The shift's share of the Small branch: bytes it writes, and time forward, in a training step, in ONNX Runtime."""
    branches = {mode: SmallBranch(BigSmallConfig(branches="small", shift=mode)) for mode in ("none", "wrap", "zero")}
    with TemporaryDirectory() as folder:
        sessions = {mode: in_onnx(branch, Path(folder) / f"{mode}.onnx") for mode, branch in branches.items()}
    rows = []
    for clips in SHIFT_CLIPS:
        x = torch.randn(clips * 3, 3, 9, 9)
        for mode in ("wrap", "zero"):
            written = {}
            for each in ("none", mode):
                with BytesWritten() as seen, torch.inference_mode():
                    branches[each](x)
                written[each] = seen.written

            def forward(branch: nn.Module, x: Tensor = x) -> Callable[[], None]:
                def run() -> None:
                    with torch.inference_mode():
                        branch(x)

                return run

            def step(branch: nn.Module, x: Tensor = x) -> Callable[[], None]:
                def run() -> None:
                    branch.zero_grad()
                    branch(x).square().mean().backward()

                return run

            def runtime(session: onnxruntime.InferenceSession, x: Tensor = x) -> Callable[[], None]:
                return lambda: session.run(None, {"x": x.numpy()})

            shares = {
                "forward_share": in_turn([forward(branches["none"]), forward(branches[mode])]),
                "training_share": in_turn([step(branches["none"]), step(branches[mode])]),
                "onnx_runtime_share": in_turn([runtime(sessions["none"]), runtime(sessions[mode])]),
            }
            rows.append(
                {
                    "shift": mode,
                    "clips": clips,
                    "times_the_maps_written": (written[mode] - written["none"]) / (clips * 3 * 99 * 81 * 4),
                    **{key: median(1 - without / with_ for without, with_ in pairs) for key, pairs in shares.items()},
                }
            )
    table(
        "the shift's share of the Small branch, N = 3, 1 thread",
        ["shift", "clips", "shifted maps written, times", "forward", "training step", "ONNX Runtime"],
        rows,
    )
    return rows


def in_onnx(branch: nn.Module, path: Path) -> onnxruntime.InferenceSession:
    frames = 3 * torch.export.Dim("clips")
    program = torch.onnx.export(
        branch.eval(), (torch.randn(6, 3, 9, 9),), dynamo=True, dynamic_shapes={"x": {0: frames}}, verbose=False
    )
    assert program is not None
    program.save(str(path))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options)


class BytesWritten(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Adds up what operations write, views excepted."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.written = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        output = func(*args, **(kwargs or {}))
        if not func.is_view and isinstance(output, Tensor):
            self.written += output.nbytes
        return output


def in_turn(jobs: list[Callable[[], Any]]) -> list[tuple[float, ...]]:
    """Seconds of each job, turn by turn, after two turns to warm up."""
    turns: list[tuple[float, ...]] = []
    start = time.perf_counter()
    while len(turns) < 7 or (time.perf_counter() - start < SECONDS_A_JOB and len(turns) < 300):
        seconds = []
        for job in jobs:
            before = time.perf_counter()
            job()
            seconds.append(time.perf_counter() - before)
        turns.append(tuple(seconds))
    return turns[2:]


class PlainBigSmall(nn.Module):
    """Both branches, their variants and the heads."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        assert isinstance(config, BigSmallConfig)
        self.config = config
        if config.uses_big:
            self.big = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in config.big_layers)
        if config.uses_small:
            self.small = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in config.small_layers)
        features = config.map_features
        self.heads = nn.ModuleList(plain_head(features, task.outputs) for task in config.tasks)
        self.dropout1, self.dropout2 = nn.Dropout(0.25), nn.Dropout(0.5)
        self.pool2, self.pool4, self.pool8 = nn.AvgPool2d(2), nn.AvgPool2d(4), nn.AvgPool2d(8)

    def forward(self, big: Tensor, small: Tensor) -> list[Tensor]:
        """Map all frames to outputs, one a task."""
        config, n, stride = self.config, self.config.clip_length, self.config.big_stride
        sharp = temporal = None
        if config.uses_big:
            sharp = big[:, ::stride].reshape(-1, *big.shape[2:])
            if config.big_channels == 1:
                sharp = sharp.mean(dim=1, keepdim=True)
            sharp = relu(self.big[1](relu(self.big[0](sharp))))
            sharp = self.dropout1(self.pool2(sharp))
        if config.uses_small:
            temporal = small.reshape(-1, *small.shape[2:])
            for convolution in self.small[:2]:
                temporal = relu(convolution(plain_shift(temporal, n, config.shift)))
        if sharp is not None and temporal is not None:
            of_big, of_small = sharp, temporal
            if config.lateral in ("small_to_big", "both"):
                averaged = of_small.reshape(-1, stride, *of_small.shape[1:]).mean(dim=1)
                sharp = torch.cat([interpolate(averaged, scale_factor=8), sharp], dim=1)
            if config.lateral in ("big_to_small", "both"):
                temporal = torch.cat([self.pool8(of_big).repeat_interleave(stride, dim=0), temporal], dim=1)
        if sharp is not None:
            sharp = relu(self.big[3](relu(self.big[2](sharp))))
            sharp = self.dropout2(self.pool2(sharp))
            sharp = relu(self.big[5](relu(self.big[4](sharp))))
            sharp = self.dropout2(self.pool4(sharp)).repeat_interleave(stride, dim=0)
        if temporal is not None:
            for convolution in self.small[2:]:
                temporal = relu(convolution(plain_shift(temporal, n, config.shift)))
        parts = [part for part in (sharp, temporal) if part is not None]
        fused = torch.cat(parts, dim=1) if config.fusion == "concat" else sum(parts)
        assert isinstance(fused, Tensor)
        return [head(fused.flatten(1)) for head in self.heads]


def plain_head(features: int, outputs: int) -> nn.Module:
    return nn.Sequential(nn.Linear(features, 128), nn.ReLU(), nn.Linear(128, outputs))


def plain_shift(x: Tensor, n: int, mode: str) -> Tensor:
    """Slices into zeros, as shifts are usually written."""
    if mode == "none":
        return x
    clips = x.reshape(-1, n, *x.shape[1:])
    fold = x.shape[1] // 3
    out = torch.zeros_like(clips)
    out[:, :-1, :fold] = clips[:, 1:, :fold]
    out[:, 1:, fold : 2 * fold] = clips[:, :-1, fold : 2 * fold]
    out[:, :, 2 * fold :] = clips[:, :, 2 * fold :]
    if mode == "wrap":
        out[:, -1, :fold] = clips[:, 0, :fold]
        out[:, 0, fold : 2 * fold] = clips[:, -1, fold : 2 * fold]
    return out.reshape(x.shape)


class PlainAttention(nn.Module):
    """DeepPhys, and with shifts MTTS-CAN."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        assert isinstance(config, CanConfig)
        self.config = config
        self.mode = "zero" if config.architecture == "mtts_can" else "none"
        sizes, pads = ((3, 32), (32, 32), (32, 64), (64, 64)), (1, 0, 1, 0) if config.pooled else (1, 1, 1, 1)
        self.motion, self.appearance = (
            nn.ModuleList(nn.Conv2d(a, b, 3, padding=pad) for (a, b), pad in zip(sizes, pads, strict=True))
            for _ in range(2)
        )
        self.attention1, self.attention2 = nn.Conv2d(32, 1, 1), nn.Conv2d(64, 1, 1)
        self.heads = nn.ModuleList(
            nn.Sequential(
                nn.Linear(64 * config.map_size**2, 128), nn.Tanh(), nn.Dropout(0.5), nn.Linear(128, task.outputs)
            )
            for task in config.tasks
        )
        self.pool = nn.Sequential(nn.AvgPool2d(2), nn.Dropout(0.25)) if config.pooled else nn.Identity()

    def forward(self, big: Tensor, small: Tensor) -> list[Tensor]:
        """Map all frames to outputs, one a task."""
        n, size = self.config.clip_length, self.config.small_size
        d, a = small.reshape(-1, *small.shape[2:]), big.reshape(-1, *big.shape[2:])
        if a.shape[-1] != size:
            a = interpolate(a, size=(size, size), mode="bilinear")
        for i in (0, 1):
            d = torch.tanh(self.motion[i](plain_shift(d, n, self.mode)))
            a = torch.tanh(self.appearance[i](a))
        d, a = self.pool(d * self.mask(self.attention1(a))), self.pool(a)
        for i in (2, 3):
            d = torch.tanh(self.motion[i](plain_shift(d, n, self.mode)))
            a = torch.tanh(self.appearance[i](a))
        d = self.pool(d * self.mask(self.attention2(a)))
        return [head(d.flatten(1)) for head in self.heads]

    @staticmethod
    def mask(scores: Tensor) -> Tensor:
        """Scores over the map to a mask whose mean is one half."""
        mask = torch.sigmoid(scores)
        total = mask.sum(dim=2, keepdim=True).sum(dim=3, keepdim=True)
        return mask / total * mask.shape[2] * mask.shape[3] * 0.5


class PlainDrml(nn.Module):
    """Grid of 8 x 8 cells, whose last row and column are one pixel wide."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 32, 11)
        self.cells = nn.ModuleList(
            nn.Sequential(nn.BatchNorm2d(32), nn.ReLU(), nn.Conv2d(32, 32, 3, padding=1)) for _ in range(64)
        )
        self.norm = nn.BatchNorm2d(32)
        self.rest = nn.Sequential(
            *(nn.Conv2d(32, 16, 8), nn.ReLU(), nn.Conv2d(16, 16, 8), nn.ReLU()),
            *(nn.Conv2d(16, 16, 6, stride=2), nn.ReLU(), nn.Conv2d(16, 16, 5), nn.ReLU(), nn.Flatten()),
            *(nn.Linear(6400, 4096), nn.ReLU(), nn.Dropout(0.5)),
            *(nn.Linear(4096, 2048), nn.ReLU(), nn.Dropout(0.5), nn.Linear(2048, 12)),
        )
        self.pool = nn.MaxPool2d(2)

    def forward(self, big: Tensor, _small: Tensor) -> list[Tensor]:
        """Map all frames to outputs, one a task."""
        x = self.conv1(big.reshape(-1, *big.shape[2:]))
        cells = iter(self.cells)
        x = torch.cat(
            [
                torch.cat([part + next(cells)(part) for part in strip.split(19, dim=3)], dim=3)
                for strip in x.split(19, dim=2)
            ],
            dim=2,
        )
        return [self.rest(self.norm(self.pool(relu(x))))]


class PlainAlexNet(nn.Module):
    """Five convolutions and three linear layers."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
            *(nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
            *(nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(), nn.Conv2d(384, 256, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2), nn.Flatten()),
            *(nn.Dropout(0.5), nn.Linear(2304, 4096), nn.ReLU()),
            *(nn.Dropout(0.5), nn.Linear(4096, 4096), nn.ReLU(), nn.Linear(4096, 12)),
        )

    def forward(self, big: Tensor, _small: Tensor) -> list[Tensor]:
        """Map all frames to outputs, one a task."""
        return [self.layers(big.reshape(-1, *big.shape[2:]))]


PLAIN: dict[str, Callable[[NetworkConfig], nn.Module]] = {
    "bigsmall": PlainBigSmall,
    "deepphys": PlainAttention,
    "mtts_can": PlainAttention,
    "drml": lambda _config: PlainDrml(),
    "alexnet": lambda _config: PlainAlexNet(),
}


def table(title: str, header: list[str], rows: Iterable[dict[str, Any]]) -> None:
    print(f"\n### {title}\n")
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(value if isinstance(value, str) else f"{value:.3g}" for value in row.values()) + " |")


if __name__ == "__main__":
    main()

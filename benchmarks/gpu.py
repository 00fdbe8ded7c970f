"""Everything about training and evaluation on a GPU, in one command; without a GPU the same on the processor.

    python benchmarks/gpu.py [--small] [--json OUT.json]

1. Training steps of the default network with all of the data on the device: frames/s in 32 bits, with TensorFloat-32
   and in bfloat16, each plain and compiled; and with the data in the machine's memory instead.
2. The same steps twice, with the deterministic switch and without: whether the weights are equal to the bit.
3. Evaluation: frames/s of the default bundle's joint network, ONNX Runtime on the processor in its own batches against
   PyTorch on the device in large ones, and how far their outputs are apart.
4. What the paper's protocol takes at these speeds: 200,000 frames, two thirds of them in each of three folds, 5 epochs,
   then every frame evaluated once.

`--small` takes small frames and few steps, to try the script. One round each; GPU times are taken after synchronizing.
"""

import argparse
import json
import platform
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from physiocam.datasets.store.clip_batch import standardize
from physiocam.datasets.store.clips import Clips, clip_loader
from physiocam.datasets.store.store import RecordingInfo, RecordingWriter, Store
from physiocam.datasets.store.store_files import FrameLayout
from physiocam.evaluation.device_runtime import DEVICE_CLIPS, DeviceRuntime, training_device
from physiocam.networks.config import BigSmallConfig
from physiocam.networks.network import Network
from physiocam.networks.registry import build
from physiocam.training.arithmetic import arithmetic_of
from physiocam.training.losses import TaskLosses
from physiocam.training.settings import TrainSettings
from physiocam.weights.bundle import load_bundle
from physiocam.weights.runtime import Runtime

PROTOCOL_FRAMES, FOLDS, EPOCHS = 200_000, 3, 5

# Name, settings, and whether the network is compiled.
WAYS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("32 bits", {}),
    ("32 bits, compiled", {"compile": True}),
    ("TensorFloat-32", {"tf32": True}),
    ("TensorFloat-32, compiled", {"tf32": True, "compile": True}),
    ("bfloat16", {"precision": "bf16-mixed"}),
    ("bfloat16, compiled", {"precision": "bf16-mixed", "compile": True}),
)


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--small", action="store_true", help="small frames and few steps")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    given = parser.parse_args(arguments)
    device = training_device()
    figures: dict[str, Any] = {
        "device": torch.cuda.get_device_name() if device == "cuda" else f"{platform.machine()} processor",
        "torch": torch.__version__,
    }
    print(f"on {figures['device']}, PyTorch {figures['torch']}")
    config = BigSmallConfig(big_size=32, small_size=2) if given.small else BigSmallConfig()
    frames, batch, steps = (120, 10, 3) if given.small else (6000, 180, 40)
    with tempfile.TemporaryDirectory() as scratch:
        store = write_store(Path(scratch) / "store", config, frames)
        figures["training"] = training(store, config, device, batch, steps, compiled=not given.small)
        figures["deterministic"] = repeated(store, config, device, batch, steps)
    figures["evaluation"] = evaluation(device, 8 if given.small else 10 * DEVICE_CLIPS)
    figures["protocol"] = protocol(figures["training"], figures["evaluation"])
    if given.json:
        given.json.write_text(json.dumps(figures, indent=2) + "\n")
    return figures


def write_store(path: Path, config: BigSmallConfig, frames: int) -> Path:
    """A store with one recording of noise."""
    random = np.random.default_rng(0)
    layout = FrameLayout(config.big_size, config.small_size)
    store = Store.create(path, {"big_size": config.big_size, "small_size": config.small_size})
    few = random.integers(0, 256, (16, *layout.shape("big")), np.uint8)
    tasks = {task.name: task.labels for task in config.tasks}
    info = RecordingInfo(
        name="R0", subject="S0", trial="", fs=25.0, frames=frames, frames_without_face=0, crop="center", big_mean=0.5,
        big_std=0.29, small_std=1.0, tasks=tasks, signals={}, action_units=(), notes=(), sources=(), version="0",
    )  # fmt: skip
    columns: dict[str, Any] = {"face_found": np.ones(frames, bool)}
    for task, labels in tasks.items():
        columns[f"targets/{task}"] = random.integers(0, 2, (frames, len(labels))).astype(np.float32)
        columns[f"masks/{task}"] = np.ones((frames, len(labels)), bool)
    with RecordingWriter(store.path, "R0", layout) as writer:
        for index in range(frames):
            writer.add_big(few[index % len(few)])
            writer.add_small(random.standard_normal(layout.shape("small"), np.float32))
        writer.finish(info, columns)
    return path


def training(
    store: Path, config: BigSmallConfig, device: str, batch: int, steps: int, *, compiled: bool
) -> dict[str, float]:
    found = {}
    print(f"\ntraining, {batch} clips in a step, frames/s")
    for name, ways in (*WAYS, ("32 bits, data in memory", {"memory": "ram"})):
        if ways.get("compile") and not compiled:
            continue
        settings = TrainSettings(store=store, output=store, network=config, **{"memory": "device", **ways})
        network = new_network(config, device)
        seconds = timed_steps(network, settings, device, batch, steps)
        found[name] = steps * batch * config.clip_length / seconds
        print(f"{name:28} {found[name]:10.0f}")
    return found


def new_network(config: BigSmallConfig, device: str) -> Network:
    torch.manual_seed(0)
    return build(config).to(device).train()


def timed_steps(network: Network, settings: TrainSettings, device: str, batch: int, steps: int) -> float:
    """Seconds of some steps, after three that do not count."""
    clips = Clips(settings.store, settings.network.clip_length, settings.network.big_stride, memory="ram")
    if settings.memory == "device":
        clips.to(device)
    if settings.compile:
        network.compile()
    losses = TaskLosses(settings.network.tasks).to(device)
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    mixed = torch.autocast(device, dtype=torch.bfloat16, enabled=settings.precision == "bf16-mixed")
    batches = [each for each in clip_loader(clips, batch) if len(each.start) == batch]
    started = 0.0
    with arithmetic_of(settings):
        for step in range(-3, steps):
            if step == 0:
                started = now(device)
            one = moved(batches[step % len(batches)], device)
            torch.manual_seed(step)
            with mixed:
                outputs = network(*standardize(one))
            loss = torch.stack(list(losses(outputs, one.targets, one.masks).values())).sum()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        return now(device) - started


def moved(batch: Any, device: str) -> Any:
    return type(batch)(
        *(
            {task: values.to(device) for task, values in part.items()} if isinstance(part, dict) else part.to(device)
            for part in batch
        )
    )


def now(device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def repeated(store: Path, config: BigSmallConfig, device: str, batch: int, steps: int) -> dict[str, bool]:
    found = {}
    print("\nequal to the bit when repeated")
    for name, deterministic in (("as it is", False), ("deterministic", True)):
        settings = TrainSettings(
            store=store, output=store, network=config, memory="device", deterministic=deterministic
        )
        states = []
        for _ in range(2):
            network = new_network(config, device)
            timed_steps(network, settings, device, batch, steps)
            states.append([tensor.cpu() for tensor in network.state_dict().values()])
        found[name] = all(torch.equal(one, other) for one, other in zip(*states, strict=True))
        print(f"{name:28} {'yes' if found[name] else 'no'}")
    return found


def evaluation(device: str, clips: int) -> dict[str, float]:
    bundle = load_bundle()
    info = bundle.info
    random = np.random.default_rng(0)
    big = random.standard_normal((clips, info.clip_length // info.big_stride, 3, 144, 144), np.float32)
    small = random.standard_normal((clips, info.clip_length, 3, 9, 9), np.float32)
    few = min(clips, 64)
    on_device, on_processor = DeviceRuntime(bundle, info.networks, device), Runtime(bundle)
    runs = (("ONNX Runtime, processor", on_processor, few), (f"PyTorch, {device}", on_device, clips))
    found: dict[str, float] = {}
    outputs: list[dict[str, Any]] = []
    print("\nevaluation, frames/s")
    for name, runtime, count in runs:
        runtime.run(big[:few], small[:few])
        started = time.perf_counter()
        outputs.append(runtime.run(big[:count], small[:count]))
        found[name] = count * info.clip_length / (time.perf_counter() - started)
        print(f"{name:28} {found[name]:10.0f}")
    apart = max(float(np.abs(outputs[0][task] - outputs[1][task][:few]).max()) for task in outputs[0])
    print(f"{'largest difference':28} {apart:10.2g}")
    return {**found, "largest difference": apart}


def protocol(training: dict[str, float], evaluation: dict[str, float]) -> dict[str, float]:
    """Minutes."""
    learned = PROTOCOL_FRAMES * (FOLDS - 1) / FOLDS * FOLDS * EPOCHS
    fastest = next(rate for name, rate in evaluation.items() if name.startswith("PyTorch"))
    minutes = {name: (learned / rate + PROTOCOL_FRAMES / fastest) / 60 for name, rate in training.items()}
    print("\nthe paper's protocol, minutes")
    for name, count in minutes.items():
        print(f"{name:28} {count:10.1f}")
    return minutes


if __name__ == "__main__":
    main()

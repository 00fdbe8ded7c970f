"""What physiocam reads of strangers, one parser a target: a little content in, and only errors that it means out."""

import io
import json
import shutil
import zipfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av
import numpy as np

from h264_streams import h264_stream
from mutations import BYTES, JSON, TEXT, Mutation
from physiocam.datasets.readers import bp4d, folder, pure
from physiocam.datasets.readers.folder import read_signal
from physiocam.datasets.readers.frames import ImageFrames
from physiocam.errors import PhysiocamError
from physiocam.evaluation.predictions import Predictions, load_predictions
from physiocam.synthetic.drawn.scene import SceneSettings
from physiocam.synthetic.encoding import encoded
from physiocam.synthetic.recordings import synthetic_entries
from physiocam.video.reader import open_video
from physiocam.weights.bundle import load_bundle

# Frames that are read of a recording.
_FRAMES = 8


@dataclass(frozen=True)
class Target:
    """A parser under test.

    Attributes
    ----------
    seeds : callable
        Sound inputs, each a few kilobytes.
    read : callable
        Lets the parser read an input, in a folder of its own; raises what the parser raises.
    mutations : mapping of str to Mutation
        How inputs are damaged.
    """

    seeds: Callable[[], Sequence[bytes]]
    read: Callable[[bytes, Path], object]
    mutations: Mapping[str, Mutation]


def attempt(target: Target, content: bytes, scratch: Path) -> None:
    """Let a target read an input; what it refuses as it should is fine, and anything else is raised.

    Parameters
    ----------
    target : Target
    content : bytes
    scratch : Path
        Folder that does not exist yet; gone afterwards.
    """
    scratch.mkdir(parents=True)
    try:
        with suppress(PhysiocamError):
            target.read(content, scratch)
    finally:
        shutil.rmtree(scratch)


def _put(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _read_video(content: bytes, scratch: Path) -> None:
    path = _put(scratch, "input", content)
    for fs in (None, 25.0):
        with suppress(PhysiocamError), open_video(path, fs) as video:
            for frame in islice(video, _FRAMES):
                assert frame.image is None or frame.image.shape[2] == 3
            assert video.fs > 0


def _read_images(content: bytes, scratch: Path) -> None:
    _put(scratch, "input.png", content)
    with open_video(scratch, 25.0) as video:
        list(video)


def _read_zip(content: bytes, scratch: Path) -> None:
    path = _put(scratch, "F001.zip", content)
    for images in bp4d.listing(path).values():
        names = tuple(image.name for image in images[:_FRAMES])
        with ImageFrames(path, names, tuple(float(index) for index in range(len(names))), 1.0).open() as video:
            list(video)


def _read_table(content: bytes, scratch: Path) -> None:
    signal = read_signal(_put(scratch, "pulse.csv", content), "a.u.")
    assert signal is None or len(signal.values) == len(signal.timestamps_s)


def _read_listing(content: bytes, scratch: Path) -> None:
    _put(scratch, "recordings.csv", content)
    for name in ("clip.mp4", "b.mp4"):
        _put(scratch, name, b"no video")
    for entry in folder.recordings(scratch):
        with suppress(PhysiocamError):
            entry.load()


def _read_pure(content: bytes, scratch: Path) -> None:
    _put(scratch, "01-02/01-02.json", content)
    for stamp in (1392643993642815000, 1392643993676148000):
        _put(scratch, f"01-02/01-02/Image{stamp}.png", b"no image")
    for entry in pure.recordings(scratch):
        entry.load()


def _read_bundle(content: bytes, scratch: Path) -> None:
    _put(scratch, "bundle.json", content)
    for path in load_bundle("default").folder.iterdir():
        if path.name != "bundle.json":
            (scratch / path.name).symlink_to(path)
    load_bundle(scratch)


def _read_store(content: bytes, scratch: Path) -> None:
    from physiocam.datasets.store.store import Store

    try:
        root, recording = (json.dumps(part).encode() for part in json.loads(content))
    except (ValueError, TypeError, RecursionError):
        root = recording = content
    _put(scratch, "zarr.json", root)
    _put(scratch, "clip/zarr.json", recording)
    store = Store(scratch)
    for name in store.names():
        store.recording(name).problems()


def _read_settings(content: bytes, scratch: Path) -> None:
    from physiocam.training.settings import read_settings

    read_settings(_put(scratch, "run.yaml", content))


def _read_predictions(content: bytes, scratch: Path) -> None:
    load_predictions(_put(scratch, "clip.npz", content))


def _videos() -> list[bytes]:
    kinds = (
        ("mp4", "mpeg4", "yuv420p"), ("matroska", "mpeg4", "yuv420p"), ("avi", "mjpeg", "yuvj420p"),
        ("mpegts", "mpeg2video", "yuv420p"), ("flv", "flv", "yuv420p"), ("asf", "wmv2", "yuv420p"),
        ("gif", "gif", "rgb8"), ("apng", "apng", "rgb24"), ("yuv4mpegpipe", "rawvideo", "yuv420p"),
        ("ogg", "libvpx", "yuv420p"),
    )  # fmt: skip
    found = [h264_stream((50, 90, 130), rate=25), h264_stream((50, 90), rate=25, fields=True)]
    for kind, codec, pixels in kinds:
        content = io.BytesIO()
        with av.open(content, "w", format=kind) as container:
            stream: Any = container.add_stream(codec, rate=Fraction(25))
            stream.width, stream.height, stream.pix_fmt = 32, 32, pixels
            for level in (50, 90, 130):
                image = np.full((32, 32, 3), level, np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=pixels)))
            container.mux(stream.encode())
        found.append(content.getvalue())
    return found


def _images() -> list[bytes]:
    image = np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3)
    kinds = (
        ("png", "rgb24"),
        ("png", "rgba"),
        ("mjpeg", "yuvj420p"),
        ("bmp", "bgr24"),
        ("ppm", "rgb24"),
        ("tiff", "rgb24"),
    )
    return [content for codec, pixels in kinds for content in encoded([image], codec, pixels)]


def _zips() -> list[bytes]:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(3):
            archive.writestr(f"F001/T1/{number:04d}.jpg", b"image" * 20)
    return [content.getvalue()]


def _packed(frames: int = 60) -> bytes:
    wave = np.sin(np.arange(frames) / 4)
    path = Path("clip")
    predictions = Predictions(
        str(path), "S001", 25.0, {"pulse": wave}, np.zeros((frames, 1), np.float32), ("AU01",), {"pulse": wave},
        np.zeros((frames, 1), bool), np.ones((frames, 1), bool),
    )  # fmt: skip
    with TemporaryDirectory() as scratch:
        return predictions.save(scratch).read_bytes()


def _bundles() -> list[bytes]:
    return [(load_bundle("default").folder / "bundle.json").read_bytes()]


def _stores() -> list[bytes]:
    """What a store says of itself and of a recording, as a list of the two."""
    from physiocam.datasets.store.prepare import PrepareSettings, prepare

    with TemporaryDirectory() as scratch:
        scene = SceneSettings(duration_s=1.0, width=48, height=64)
        prepare(synthetic_entries(1, 0, scene, 1), Path(scratch) / "store", PrepareSettings.of({"crop": "center"}))
        (recording,) = Path(scratch).glob("store/*/zarr.json")
        parts = [json.loads(path.read_bytes()) for path in (Path(scratch) / "store" / "zarr.json", recording)]
    return [json.dumps(parts).encode()]


# A pulse wave has at least four samples a second.
_TABLES = (
    b"time,pulse\n0,1\n0.25,2\n0.5,1.5\n0.75,1\n1,2\n",
    b"64\n1\n2\n3\n",
    b"t;ppg\n0;1,5\n0,2;2,5\n0,4;1,5\n",
    b"pulse 64 Hz,x\n1,\n2,3\n",
)
_LISTINGS = (
    b"video,subject,trial,fs,pulse_csv,heart_rate\nclip.mp4,S1,T1,25,pulse.csv,72\nb.mp4,S2,T1,,,\n",
    b"video\nclip.mp4\n",
)
_PURE = (
    json.dumps(
        {
            "/FullPackage": [
                {
                    "Timestamp": 1392643993642815000 + 16_666_667 * sample,
                    "Value": {"waveform": sample % 50, "pulseRate": 70, "o2saturation": 98},
                }
                for sample in range(4)
            ],
            "/Image": [{"Timestamp": 1392643993642815000 + 33_333_333 * image} for image in range(2)],
        }
    ).encode(),
)
_SETTINGS = (
    b"store: s\noutput: o\nnetwork: {architecture: bigsmall, clip_length: 6, big_stride: 3, shift: wrap}\nepochs: 2\n"
    b"task_weights: {au: 20}\nexclude_subjects: [F001]\n",
)

TARGETS: dict[str, Target] = {
    "video": Target(_videos, _read_video, BYTES),
    "images": Target(_images, _read_images, BYTES),
    "zip": Target(_zips, _read_zip, BYTES),
    "table": Target(lambda: _TABLES, _read_table, TEXT),
    "listing": Target(lambda: _LISTINGS, _read_listing, TEXT),
    "pure": Target(lambda: _PURE, _read_pure, JSON),
    "bundle": Target(_bundles, _read_bundle, JSON),
    "store": Target(_stores, _read_store, JSON),
    "settings": Target(lambda: _SETTINGS, _read_settings, TEXT),
    "predictions": Target(lambda: [_packed()], _read_predictions, BYTES),
}

"""The recordings that are then damaged: a drawn person in every container, as bare streams, and as images."""

import io
import os
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from h264_streams import h264_stream
from physiocam.synthetic.drawn.scene import SceneSettings
from physiocam.synthetic.encoding import encoded
from physiocam.synthetic.layouts import write_layout
from physiocam.synthetic.recordings import synthetic_entries

SECONDS, FS = 2.0, 25.0

_X264 = {"preset": "ultrafast", "threads": "1", "g": "12"}
_X265 = {"preset": "ultrafast", "x265-params": "log-level=none"}
_QUICK_VPX = {"deadline": "realtime", "cpu-used": "8"}
_FRAGMENTS = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}

_Images = Sequence[NDArray[np.uint8]]


def write_whole_videos(folder: Path) -> None:
    """Write 2 s of a drawn person, in every container.

    Parameters
    ----------
    folder : Path
        New; one file or folder a kind.
    """
    folder.mkdir(parents=True)
    scene = SceneSettings(duration_s=SECONDS, width=160, height=120, fs=FS)
    with synthetic_entries(1, 0, scene, 1)[0].load().frames.open() as video:
        images = [frame.image for frame in video if frame.image is not None]
    _write_containers(folder, images)
    _write_bare_streams(folder, images)
    _write_changing(folder, images)
    _write_images(folder, images[:12])
    write_layout("bp4d", folder / "zip", 1, settings=SceneSettings(duration_s=SECONDS, width=48, height=64))


def _write_containers(folder: Path, images: _Images) -> None:
    _encode(folder / "h264.mp4", images, "libx264", options=_X264, sound=True)
    _encode(folder / "pieces.mp4", images, "libx264", options=_X264, container=_FRAGMENTS)
    _encode(folder / "uneven.mkv", images, "libx264", options=_X264, uneven=True)
    _encode(folder / "mjpeg.avi", images, "mjpeg", "yuvj420p")
    _encode(folder / "mpeg4.avi", images, "mpeg4", sound=True)
    _encode(folder / "vp9.webm", images, "libvpx-vp9", options=_QUICK_VPX)
    _encode(folder / "turned.mov", images, "libx264", options=_X264, turned=True)
    _encode(folder / "hevc.mp4", images, "libx265", options=_X265)
    _encode(folder / "stream.ts", images, "libx264", options=_X264, sound=True)
    _encode(folder / "holes.ts", images, "libx264", options=_X264, uneven=True)
    _encode(folder / "palette.gif", images[::3], "gif", "rgb8")
    _encode(folder / "animated.apng", images[::3], "apng", "rgb24")
    _encode(folder / "phone.3gp", images, "mpeg4")
    _encode(folder / "page.ogv", images, "libvpx", options=_QUICK_VPX, kind="ogg")
    _encode(folder / "page.flv", images, "flv")
    _encode(folder / "meeting.asf", images, "wmv2")
    _encode(folder / "studio.mxf", images, "mpeg2video")
    _encode(folder / "raw.y4m", images[:12], "rawvideo")
    _encode(folder / "av1.ivf", images[:25], "libsvtav1", options={"preset": "12"})
    _encode(folder / "grain.mp4", images[:25], "libsvtav1", options={"preset": "12", "svtav1-params": "film-grain=20"})


def _write_bare_streams(folder: Path, images: _Images) -> None:
    _encode(folder / "camera.h264", images, "libx264", options=_X264)
    _encode(folder / "camera.hevc", images, "libx265", options=_X265)
    _encode(folder / "camera.mjpeg", images, "mjpeg", "yuvj420p")
    (folder / "fields.264").write_bytes(h264_stream(range(40, 140, 2), rate=25, fields=True))


def _write_changing(folder: Path, images: _Images) -> None:
    """Streams whose pictures change their size, shape or pixel format midway."""
    content = b""
    for pixels, step in (("yuv420p", 1), ("yuv444p", 2), ("yuv420p10le", 1)):
        part = folder / "part.h264"
        _encode(part, [image[:, ::step] for image in images[:16]], "libx264", pixels, options=_X264)
        content += part.read_bytes()
        part.unlink()
    (folder / "changing.h264").write_bytes(content)


def _write_images(folder: Path, images: _Images) -> None:
    for name, codec, pixels in (("png", "png", "rgb24"), ("jpg", "mjpeg", "yuvj444p")):
        (folder / name).mkdir()
        for number, content in enumerate(encoded(images, codec, pixels)):
            (folder / name / f"{number}.{name}").write_bytes(content)
    for name, suffix in (("profiled png", "png"), ("profiled jpg", "jpg"), ("profiled webp", "webp")):
        (folder / name).mkdir()
        for number, image in enumerate(images):
            (folder / name / f"{number}.{suffix}").write_bytes(_with_profile(image, suffix))


def _with_profile(image: NDArray[np.uint8], suffix: str) -> bytes:
    """An image with a colour profile, and turned by what its EXIF says."""
    from PIL import Image, ImageCms

    exif = Image.Exif()
    exif[0x112] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    content = io.BytesIO()
    Image.fromarray(image).save(content, "jpeg" if suffix == "jpg" else suffix, icc_profile=profile, exif=exif)
    return content.getvalue()


def _encode(
    path: Path,
    images: Iterable[NDArray[np.uint8]],
    codec: str,
    pixels: str = "yuv420p",
    *,
    options: dict[str, str] | None = None,
    container: dict[str, str] | None = None,
    kind: str | None = None,
    uneven: bool = False,
    turned: bool = False,
    sound: bool = False,
) -> None:
    """Encode a recording; with uneven frame times, turned by a quarter, or with a tone."""
    with av.open(str(path), "w", format=kind, options=container or {}) as out:
        stream: Any = out.add_stream(codec, rate=Fraction(FS).limit_denominator(1001), options=options or {})
        stream.pix_fmt = pixels
        if uneven:
            stream.codec_context.time_base = Fraction(1, 1000)
        if turned:
            stream.set_display_matrix([0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30])
        heard: Any = None
        if sound:
            heard = out.add_stream("pcm_s16le" if path.suffix == ".avi" else "aac", rate=8000)
            heard.layout = "mono"
        for index, image in enumerate(images):
            if index == 0:
                stream.height, stream.width = image.shape[:2]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24").reformat(format=pixels)
            if uneven:
                # A pause in the middle, and some jitter.
                frame.pts, frame.time_base = 40 * index + 7 * (index % 3) + 900 * (index > 20), Fraction(1, 1000)
            out.mux(stream.encode(frame))
            if heard is not None:
                tone = (3000 * np.sin(np.arange(320) * 0.3)).astype(np.int16)[np.newaxis]
                block = av.AudioFrame.from_ndarray(tone, format="s16", layout="mono")
                block.sample_rate, block.pts, block.time_base = 8000, 320 * index, Fraction(1, 8000)
                resampled = av.AudioResampler(format=heard.format.name, layout="mono", rate=8000).resample(block)
                for part in resampled:
                    out.mux(heard.encode(part))
        out.mux(stream.encode())
        if heard is not None:
            out.mux(heard.encode())
    # SVT-AV1 gives a thread of root's real-time priority, which all later processes would inherit.
    if hasattr(os, "sched_setscheduler"):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))

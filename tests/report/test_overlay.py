"""The overlay video: every frame at its own time, the sound kept, upright, and whole or not there."""

import io
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("PIL")

from physiocam.errors import PhysiocamError
from physiocam.report.face_picture import face_picture
from physiocam.report.overlay import write_overlay
from physiocam.results.measurement import Measurement
from physiocam.results.measurement_data import Face

Make = Callable[..., Measurement]


def filmed(path: Path, times: list[int], *, audio: str | None = None, start_ms: int = 0) -> Path:
    """A film whose frames have these times in milliseconds; the upper half is red, and there is a tone."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25, options={"crf": "5", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        image = np.zeros((48, 64, 3), dtype=np.uint8)
        image[:24, :, 0] = 255
        tone: Any = container.add_stream(audio, rate=48000) if audio else None
        if tone is not None:
            wave = np.sin(np.arange(48000) * 0.06)[None]
            sound = av.AudioFrame.from_ndarray((wave * 9000).astype(np.int16), format="s16", layout="mono")
            sound.sample_rate, sound.pts, sound.time_base = 48000, start_ms * 48, Fraction(1, 48000)
            resampler = av.AudioResampler(format=tone.codec_context.format or "fltp", layout="mono", rate=48000)
            for part in resampler.resample(sound):
                container.mux(tone.encode(part))
            container.mux(tone.encode())
        for time in times:
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def frame_times(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return sorted(float(p.pts * p.time_base) for p in container.demux(video=0) if p.pts is not None)


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def first_frame(path: Path) -> NDArray[np.uint8]:
    with av.open(str(path)) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24").astype(np.uint8, copy=False)


UNEVEN = [0, 40, 80, 135, 160, 200, 300, 320, 360, 400, 1000, 1040]


def test_every_frame_keeps_its_own_time(tmp_path: Path, make_measurement: Make) -> None:
    source = filmed(tmp_path / "in.mkv", UNEVEN)
    write_overlay(make_measurement(1.08, None), source, tmp_path / "out.mp4")
    assert frame_times(tmp_path / "out.mp4") == pytest.approx([t / 1000 for t in UNEVEN], abs=1e-4)


def test_sound_that_every_player_knows_is_copied_bit_by_bit(tmp_path: Path, make_measurement: Make) -> None:
    source = filmed(tmp_path / "in.mp4", list(range(0, 1000, 40)), audio="aac")
    write_overlay(make_measurement(1.0, None), source, tmp_path / "out.mp4")
    assert packets(tmp_path / "out.mp4") == packets(source)
    assert len(packets(source)) > 40


@pytest.mark.parametrize(("name", "codec"), [("in.mov", "pcm_s16le"), ("in.mkv", "flac"), ("in.mkv", "libopus")])
def test_other_sound_becomes_aac_of_the_same_length(
    name: str, codec: str, tmp_path: Path, make_measurement: Make
) -> None:
    source = filmed(tmp_path / name, list(range(0, 1000, 40)), audio=codec)
    write_overlay(make_measurement(1.0, None), source, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        stream = container.streams.audio[0]
        assert stream.codec_context.name == "aac"
        heard = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert len(heard) / 48000 == pytest.approx(1.0, abs=0.06)
    assert np.abs(heard).max() > 0.1


def test_pictures_and_sound_stay_together(tmp_path: Path, make_measurement: Make) -> None:
    """Sound that begins later than the pictures does so in the overlay too."""
    source = filmed(tmp_path / "in.mkv", list(range(0, 1000, 40)), audio="aac", start_ms=400)
    write_overlay(make_measurement(1.0, None), source, tmp_path / "out.mp4")
    starts = []
    for path in (source, tmp_path / "out.mp4"):
        with av.open(str(path)) as container:
            packet: Any = next(container.demux(audio=0))
            starts.append(float(packet.pts * packet.time_base))
    assert starts[1] == pytest.approx(starts[0], abs=0.002)


def test_the_file_plays_anywhere(tmp_path: Path, make_measurement: Make) -> None:
    source = filmed(tmp_path / "in.mp4", list(range(0, 1000, 40)))
    write_overlay(make_measurement(1.0, None), source, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert stream.width % 2 == stream.height % 2 == 0
        assert len(container.streams.audio) == 0
    data = (tmp_path / "out.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize(("turn", "red"), [(None, "top"), ((0, 1, -1, 0), "right"), ((-1, 0, 0, -1), "bottom")])
def test_a_picture_held_sideways_is_upright(
    turn: tuple[int, int, int, int] | None, red: str, tmp_path: Path, make_measurement: Make
) -> None:
    source = filmed(tmp_path / "in.mp4", list(range(0, 400, 40)))
    if turn is not None:
        data = bytearray(source.read_bytes())
        # The header of the track ends with the matrix and the size.
        start = data.index(b"tkhd") + 44
        a, b, c, d = turn
        matrix = (a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
        data[start : start + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in matrix)
        source.write_bytes(data)
    write_overlay(make_measurement(0.4, None), source, tmp_path / "out.mp4")
    drawn = first_frame(tmp_path / "out.mp4")
    picture = drawn[:, : 360 if red == "right" else 640].astype(int)
    height, width, _ = picture.shape
    places = {
        "top": picture[height // 5, width // 2],
        "bottom": picture[-height // 3, width // 2],
        "right": picture[height // 2, -width // 5],
    }
    redness = {name: int(colour[0]) for name, colour in places.items()}
    assert redness[red] > 180
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert next(container.decode(video=0)).rotation == 0


def test_a_file_cut_short_keeps_what_there_is(tmp_path: Path, make_measurement: Make) -> None:
    source = filmed(tmp_path / "in.mkv", list(range(0, 1000, 40)), audio="aac")
    data = source.read_bytes()
    source.write_bytes(data[: len(data) * 9 // 10])
    write_overlay(make_measurement(1.0, None), source, tmp_path / "out.mp4")
    assert 10 < len(frame_times(tmp_path / "out.mp4")) < 25
    assert packets(tmp_path / "out.mp4") == packets(source)


def test_arrays_and_folders_of_images_have_overlays_too(tmp_path: Path, make_measurement: Make) -> None:
    images = np.full((25, 48, 64, 3), 90, dtype=np.uint8)
    write_overlay(make_measurement(1.0, None), images, tmp_path / "out.mp4", fs=25.0)
    assert frame_times(tmp_path / "out.mp4") == pytest.approx(np.arange(25) / 25, abs=1e-4)


@pytest.mark.parametrize(
    ("frames", "grey"),
    [
        (np.full((25, 48, 64), 200, np.uint8), 200),
        (np.full((25, 48, 64, 1), 40000, np.uint16), 156),
        (np.full((25, 48, 64, 2), (0.2, 0.6), np.float32), 102),
    ],
)
def test_frames_of_other_channels_are_shown_grey(
    frames: NDArray[Any], grey: int, tmp_path: Path, make_measurement: Make
) -> None:
    np.save(tmp_path / "frames.npy", frames)
    measurement = replace(make_measurement(1.0, None), face=Face(1.0, choice="whole"))
    for source in (frames, tmp_path / "frames.npy"):
        write_overlay(measurement, source, tmp_path / "o.mp4", fs=25.0)
        assert len(frame_times(tmp_path / "o.mp4")) == 25
        middle = first_frame(tmp_path / "o.mp4")[40:60, 40:60].astype(int)
        assert np.abs(middle - grey).max() <= 4
    fixed = replace(measurement, face=Face(1.0, choice="8,4,32"))
    picture = face_picture(fixed, frames, 25.0)
    assert picture is not None
    with av.open(io.BytesIO(picture.png), "r") as container:
        png = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert np.abs(png.astype(int) - grey).max() <= 1


def test_progress_counts_the_frames(tmp_path: Path, make_measurement: Make) -> None:
    seen: list[tuple[int, int | None]] = []
    images = np.zeros((10, 48, 64, 3), dtype=np.uint8)
    write_overlay(
        make_measurement(0.4, None),
        images,
        tmp_path / "out.mp4",
        fs=25.0,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(count, 10) for count in range(1, 11)]


def test_what_fails_leaves_nothing(tmp_path: Path, make_measurement: Make) -> None:
    (tmp_path / "taken").write_text("")
    images = np.zeros((5, 48, 64, 3), dtype=np.uint8)
    with pytest.raises(PhysiocamError, match="cannot write"):
        write_overlay(make_measurement(0.4, None), images, tmp_path / "taken" / "out.mp4", fs=25.0)

    def stop(done: int, total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_overlay(make_measurement(0.4, None), images, tmp_path / "out.mp4", fs=25.0, progress=stop)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["taken"]

"""Pictures that carry more than pixels: profiles, orientations, light levels, film grain; none may end the process."""

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.video.ahead import read_ahead
from physiocam.video.reader import open_video

Image = pytest.importorskip("PIL.Image")
ImageCms = pytest.importorskip("PIL.ImageCms")
ImageOps = pytest.importorskip("PIL.ImageOps")

Encode = Callable[..., Path]
Plain = Callable[..., list[NDArray[np.uint8]]]


def picture() -> Any:
    """A picture of which no turned or mirrored version is like another."""
    down, across = np.mgrid[0:48, 0:64]
    rgb = np.stack([40 + 2 * across, 60 + 3 * down, 200 - across - down], axis=-1)
    return Image.fromarray(rgb.clip(0, 255).astype(np.uint8))


def profile() -> bytes:
    found: bytes = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return found


def oriented(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x112] = orientation
    found: bytes = exif.tobytes()
    return found


def written(folder: Path, image: Any, suffix: str, count: int = 3, **options: Any) -> Path:
    folder.mkdir(exist_ok=True)
    for number in range(count):
        image.save(folder / f"{number}.{suffix}", **options)
    return folder


def kinds(folder: Path) -> list[Path]:
    """A folder of images of each kind."""
    image, alpha = picture(), picture().convert("RGBA")
    icc: dict[str, Any] = {"icc_profile": profile()}
    moving: dict[str, Any] = {"save_all": True, "append_images": [image.rotate(180)], "duration": 40}
    return [
        written(folder / "icc_png", image, "png", **icc),
        written(folder / "icc_jpg", image, "jpg", **icc),
        written(folder / "icc_webp", image, "webp", **icc),
        written(folder / "icc_tif", image, "tif", **icc),
        written(folder / "icc_exif_png", image, "png", exif=oriented(6), **icc),
        written(folder / "icc_exif_jpg", image, "jpg", exif=oriented(5), **icc),
        written(folder / "cmyk", image.convert("CMYK"), "jpg"),
        written(folder / "grey", image.convert("L"), "jpg"),
        written(folder / "progressive", image, "jpg", progressive=True),
        written(folder / "palette", image.quantize(64), "png"),
        written(folder / "alpha", alpha, "png", **icc),
        written(folder / "alpha_webp", alpha, "webp", lossless=True),
        written(folder / "deep", Image.fromarray(np.full((48, 64), 30000, np.uint16)), "png"),
        written(folder / "one_bit", image.convert("1"), "png"),
        written(folder / "moving_png", image, "png", **moving),
        written(folder / "pages", image, "tif", save_all=True, append_images=[image]),
    ]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return kinds(tmp_path_factory.mktemp("kinds"))


def read(folder: Path) -> int:
    with open_video(folder, fs=25) as video:
        return sum(frame.image is not None for frame in read_ahead(video))


def test_every_kind_in_many_threads(folders: list[Path]) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(read, folders * 6)) == [3] * len(folders) * 6


def test_every_kind_to_the_end_of_a_process(folders: list[Path]) -> None:
    code = (
        "import sys; from physiocam.video.reader import open_video\n"
        "for folder in sys.argv[1:]:\n"
        "    with open_video(folder, fs=25) as video: print(sum(frame.image is not None for frame in video))"
    )
    for _ in range(3):
        answer = subprocess.run(
            [sys.executable, "-c", code, *map(str, folders)], capture_output=True, text=True, check=False
        )
        assert answer.returncode == 0, answer.stderr
        assert answer.stdout.split() == ["3"] * len(folders)


def test_screenshots_with_a_profile_are_measured(shared: Path) -> None:
    folder = shared / "data" / "faults" / "png_icc"
    if not folder.is_dir():
        pytest.skip(f"no '{folder}'")
    command = [sys.executable, "-m", "physiocam", "measure", str(folder), "--fs", "15", "--method", "pos", "--json"]
    for _ in range(3):
        answer = subprocess.run([*command, "--face", "center"], capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("suffix", "options"),
    [("jpg", {"quality": 95, "subsampling": 0}), ("png", {}), ("webp", {"lossless": True}), ("tif", {})],
)
def test_every_orientation_is_obeyed(tmp_path: Path, suffix: str, options: dict[str, Any], orientation: int) -> None:
    written(tmp_path, picture(), suffix, exif=oriented(orientation), icc_profile=profile(), **options)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(tmp_path / f"0.{suffix}")).convert("RGB")).astype(int)
    with open_video(tmp_path, fs=25) as video:
        for frame in video:
            assert frame.image is not None
            assert frame.image.shape == expected.shape
            assert np.abs(frame.image - expected).mean() < 2


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt", "options"),
    [
        (
            "hdr.mkv", "libx265", "yuv420p10le",
            {
                "preset": "ultrafast",
                "x265-params": "log-level=none:colorprim=bt2020:transfer=smpte2084:max-cll=1000,400:"
                "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)",
            },
        ),
        ("grain.mkv", "libsvtav1", "yuv420p", {"preset": "12", "svtav1-params": "film-grain=20"}),
        ("grain.mp4", "libsvtav1", "yuv420p10le", {"preset": "12", "svtav1-params": "film-grain=50"}),
        ("messages.mp4", "libx264", "yuv420p", {"udu_sei": "1"}),
        ("alpha.webm", "libvpx-vp9", "yuva420p", {"deadline": "realtime", "cpu-used": "8"}),
        ("alpha.mov", "prores_ks", "yuva444p10le", {}),
    ],
)  # fmt: skip
def test_videos_with_side_data(
    encode: Encode, plain: Plain, tmp_path: Path, name: str, codec: str, pix_fmt: str, options: dict[str, str]
) -> None:
    path = encode(tmp_path / name, plain([100] * 12), codec=codec, pix_fmt=pix_fmt, options=options, fs=25)

    def levels(_: int) -> int:
        with open_video(path) as video:
            return sum(frame.image is not None for frame in read_ahead(video))

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(levels, range(12))) == {12}


def test_a_profile_without_end_is_a_gap_or_left_out(tmp_path: Path) -> None:
    folder = written(tmp_path / "cut", picture(), "png", icc_profile=profile())
    content = (folder / "1.png").read_bytes()
    place = content.index(b"iCCP")
    for name, damaged in (
        ("3.png", content[: place + 40]),
        ("4.png", content[:place] + b"iCCPx\0\0" + content[place + 7 :]),
        ("5.png", content.replace(content[place + 4 : place + 200], bytes(196), 1)),
    ):
        (folder / name).write_bytes(damaged)
    for _ in range(10):
        assert read(folder) >= 3

"""Draws docs/overlay.png, docs/overlay.webp (in motion) and docs/report.png, of a drawn person whose rates are known.

    python scripts/pages/report_pictures.py

Needs the extra `report` and a Chromium on the path. Nothing in it is a real face.
"""

import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

import physiocam
from physiocam.report.html import write_report
from physiocam.report.overlay_frame import OverlayFrame
from physiocam.results.measurement import Measurement
from physiocam.synthetic.layouts import layout_named, write_layout
from physiocam.synthetic.people import PersonScene
from physiocam.synthetic.physiology import Physiology
from physiocam.synthetic.recordings import settings_of, synthetic_entries

DOCS = Path(__file__).parents[2] / "docs"
SECONDS, SEED = 75.0, 5

# The moment of the overlay that is shown, the seconds of it in motion, and what of the report fits on a page.
MOMENT_S = 41.0
MOTION_S, MOTION_FS, MOTION_SCALE = (38.0, 44.0), 10.0, 0.6
WIDTH, HEIGHT = 900, 1780


def main() -> None:
    published = layout_named("folder").settings
    settings = replace(
        settings_of("easy"), duration_s=SECONDS, fs=published.fs, width=640, height=480, face_size=published.face_size
    )
    scene = synthetic_entries(1, SEED, settings)[0].scene()
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "drawn"
        write_layout("folder", root, 1, seed=SEED, settings=settings)
        (video,) = root.glob("*.mp4")
        measurement = replace(physiocam.measure(video, hrv=True), source=video.name)
        page, picture = Path(scratch) / "report.html", Path(scratch) / "report.png"
        write_report(measurement, page, "left out")
        _look(page, picture)
        _keep(
            Image.open(picture).resize((WIDTH * 4 // 5, HEIGHT * 4 // 5), Image.Resampling.LANCZOS), DOCS / "report.png"
        )
    overlay = OverlayFrame(measurement, settings.width, settings.height)
    _keep(Image.fromarray(overlay.draw(scene.frame(round(MOMENT_S * settings.fs)), MOMENT_S)), DOCS / "overlay.png")
    _keep_motion(overlay, scene, DOCS / "overlay.webp")
    _tell(measurement, scene.physiology)


def _keep_motion(overlay: OverlayFrame, scene: PersonScene, path: Path) -> None:
    """Write some seconds of the overlay as an animated picture."""
    pictures = []
    for time_s in np.arange(*MOTION_S, 1 / MOTION_FS):
        drawn = Image.fromarray(overlay.draw(scene.frame(round(time_s * scene.settings.fs)), float(time_s)))
        size = (round(drawn.width * MOTION_SCALE), round(drawn.height * MOTION_SCALE))
        pictures.append(drawn.resize(size, Image.Resampling.LANCZOS))
    first, *others = pictures
    first.save(
        path, save_all=True, append_images=others, duration=round(1000 / MOTION_FS), loop=0, quality=70, method=6
    )


def _look(page: Path, picture: Path) -> None:
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        raise SystemExit("a Chromium on the path is needed to look at the report")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={WIDTH},{HEIGHT}"]
    subprocess.run([browser, *options, f"--screenshot={picture}", page.as_uri()], check=True, capture_output=True)


def _keep(image: Image.Image, path: Path) -> None:
    image.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE).save(path, optimize=True)


def _tell(measurement: Measurement, truth: Physiology) -> None:
    """Print what docs/report.md says of this recording."""
    print(f"true {truth.heart_rate:.1f} and {truth.breathing_rate:.1f} a minute")
    print(f"measured {measurement.heart_rate}, {measurement.breathing_rate}")
    found = measurement.heart_rate_variability
    assert found is not None
    clean = np.isfinite(found.intervals_ms)
    late_ms = [1000 * min(beat_s - truth.beat_times_s, key=abs) for beat_s in found.beats_s[clean]]
    true_ms, intervals_ms = 1000 * np.diff(truth.beat_times_s), found.intervals_ms[clean]
    print(f"{clean.sum()} clean beats off by {np.std(late_ms):.0f} ms, all late by {np.mean(late_ms):.0f} ms")
    print(f"SDNN true {true_ms.std(ddof=1):.0f} ms, of intervals {intervals_ms.std(ddof=1):.0f} ms")
    print(f"told {found.sdnn}, {found.rmssd}")


if __name__ == "__main__":
    main()

"""Memory of the page while its camera runs for long.

    python benchmarks/page_camera.py VIDEO [--minutes 60] [--chromium PROGRAM] [--json OUT.json]

Needs Chromium, playwright and psutil. Chromium plays the video as its camera, again and again. Once a minute the script
adds up what the browser's processes hold for themselves, and what the page's JavaScript holds after a collection.
"""

import argparse
import json
import shutil
import tempfile
import threading
import time
from pathlib import Path

import av
import numpy as np
import psutil
from playwright.sync_api import CDPSession, sync_playwright

from physiocam.foundation.files import complete_file
from physiocam.web.server import PageServer
from physiocam.web.site import site_files
from physiocam.weights.bundle import load_bundle

_FS, _HEIGHT, _WIDTH = 30, 480, 640
_PATIENCE_MS = 600_000
# Until then the page fills what it keeps: the last 30 s of frames, 30 minutes of results.
_SETTLED_MINUTES = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--chromium", default="chromium", help="the browser's program")
    parser.add_argument("--json", type=Path, help="also write the figures here, after every minute")
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        PageServer(site_files(load_bundle()), port=0) as server,
        sync_playwright() as playwright,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        played = Path(folder) / "camera.mjpeg"
        _write_camera(given.video, played)
        browser = playwright.chromium.launch(
            executable_path=shutil.which(given.chromium),
            args=[
                "--no-sandbox",
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
                f"--use-file-for-fake-video-capture={played}",
            ],
        )
        page = browser.new_page()
        page.goto(server.address)
        page.wait_for_selector("html[data-ready]", state="attached", timeout=_PATIENCE_MS)
        devtools = page.context.new_cdp_session(page)
        page.click("#camera")
        rows: list[dict[str, float]] = []
        begin = time.monotonic()
        for minute in range(1, given.minutes + 1):
            # The page's own events are handled while Playwright waits.
            page.wait_for_timeout(1000 * max(begin + 60 * minute - time.monotonic(), 0))
            rows.append({"minute": minute, "processes_mb": _own_mb(), "javascript_mb": _javascript_mb(devtools)})
            shown = page.inner_text("#heart")
            print(*(f"{name} {value:.1f}" for name, value in rows[-1].items()), repr(shown), sep="  ", flush=True)
            if given.json:
                _write(rows, given.json)
        browser.close()
        server.shutdown()


def _write_camera(video: Path, path: Path) -> None:
    """Write a video as Chromium's camera reads it: JPEG pictures, forwards and backwards, so that nothing jumps."""
    with av.open(str(video)) as source:
        pictures = [frame.to_ndarray(format="rgb24", width=_WIDTH, height=_HEIGHT) for frame in source.decode(video=0)]
    with av.open(str(path), "w", format="mjpeg") as target:
        stream = target.add_stream("mjpeg", rate=_FS)
        stream.width, stream.height, stream.pix_fmt = _WIDTH, _HEIGHT, "yuvj420p"
        stream.options = {"q": "3"}
        for picture in [*pictures, *pictures[::-1]]:
            target.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        target.mux(stream.encode())


def _own_mb() -> float:
    """Memory that the browser's processes do not share with others."""
    total = 0
    for child in psutil.Process().children(recursive=True):
        if "chrom" in child.name().lower():
            total += child.memory_full_info().uss
    return total / 1e6


def _javascript_mb(devtools: CDPSession) -> float:
    devtools.send("HeapProfiler.collectGarbage")
    used: float = devtools.send("Runtime.getHeapUsage")["usedSize"]
    return used / 1e6


def _write(rows: list[dict[str, float]], path: Path) -> None:
    """Write the rows, and how fast memory grows once it has settled."""
    settled = [row for row in rows if row["minute"] > _SETTLED_MINUTES]
    slopes = {}
    if len(settled) > 1:
        minutes = [row["minute"] for row in settled]
        slopes = {
            f"{name}_an_hour": round(60 * float(np.polyfit(minutes, [row[name] for row in settled], 1)[0]), 2)
            for name in ("processes_mb", "javascript_mb")
        }
    with complete_file(path) as beside:
        beside.write_text(json.dumps({**slopes, "minutes": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

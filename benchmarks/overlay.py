"""Speed of the overlay video and of the report, on one core.

    python benchmarks/overlay.py VIDEO [--json OUT.json]

The overlay is timed beside decoding the same video and encoding it again without drawing anything, in turn. Processor
time counts, of all threads, so that other work on the machine does not.
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

os.environ.setdefault("OMP_NUM_THREADS", "1")

from physiocam.foundation.files import complete_file
from physiocam.measuring.measure import measure
from physiocam.report.html import report_page
from physiocam.report.overlay import write_overlay
from physiocam.video.reader import open_video
from physiocam.video.writer import write_timed_video


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    measurement = measure(arguments.video, threads=1)
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "out.mp4"

        def again() -> None:
            with open_video(arguments.video) as video:
                frames = ((frame.shown_s, frame.image) for frame in video.own_frames())
                write_timed_video(out, frames, video.fs, arguments.video)

        def overlay() -> None:
            write_overlay(measurement, arguments.video, out)

        seconds = [(_cpu(again), _cpu(overlay)) for _ in range(3)]
    page_s = median(_cpu(lambda: report_page(measurement, "left out")) for _ in range(3))
    figures = {
        "frames": measurement.frames,
        "decode_and_encode_fps": measurement.frames / median(plain for plain, _ in seconds),
        "overlay_fps": measurement.frames / median(drawn for _, drawn in seconds),
        "overlay_over_plain": median(drawn / plain for plain, drawn in seconds),
        "report_page_s": page_s,
    }
    for name, figure in figures.items():
        print(f"{name:>22}  {figure:.3g}")
    if arguments.json:
        with complete_file(arguments.json) as beside:
            beside.write_text(json.dumps(figures, indent=2) + "\n")


def _cpu(job: Callable[[], object]) -> float:
    started = time.process_time()
    job()
    return time.process_time() - started


if __name__ == "__main__":
    main()

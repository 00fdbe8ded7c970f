"""Draws docs/live.svg: what `physiocam live` shows of a generated face.

python scripts/pages/live_picture.py
"""

import io
import re
from pathlib import Path

from rich.console import Console

from physiocam.live.observer import SHOWN_S, Snapshot
from physiocam.live.terminal import drawn
from physiocam.measuring.stream import Stream
from physiocam.synthetic.portrait import demo_clip

PICTURE = Path(__file__).parents[2] / "docs" / "live.svg"


def main() -> None:
    clip, stream = demo_clip(), Stream()
    for image, time_s in zip(clip.frames(), clip.timestamps_s, strict=True):
        stream.push(image, float(time_s))
    console = Console(width=86, record=True, file=io.StringIO(), force_terminal=True)
    console.print(drawn("camera 0", Snapshot(stream.measurements(SHOWN_S), float(clip.timestamps_s[-1]), 30.0, 0, 0.0)))
    svg = console.export_svg(title="physiocam live", unique_id="live")
    # The picture must load nothing: any font with even letters serves.
    PICTURE.write_text(re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL), encoding="utf-8")
    print(f"wrote {PICTURE}")


if __name__ == "__main__":
    main()

import os
from pathlib import Path

import pytest

from physiocam.errors import PhysiocamError, VideoError
from physiocam.readable import readable
from physiocam.video.reader import open_video


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("clip.mp4", "clip.mp4"),
        ("né 日本 😀.mp4", "né 日本 😀.mp4"),
        ("caf\udce9.mp4", "caf\\xe9.mp4"),
        (b"caf\xe9.mp4", "caf\\xe9.mp4"),
        (Path("a/b\udcff"), "a/b\\xff"),
        ("new\nline\x1b[31m.mp4", "new\\x0aline\\x1b[31m.mp4"),
        ("lone \ud800 surrogate\u2028", "lone \\ud800 surrogate\\u2028"),
    ],
)
def test_what_is_no_text_is_shown_as_an_escape(name: str | bytes | Path, shown: str) -> None:
    if isinstance(name, bytes) and os.name == "nt":
        pytest.skip("names are text there")
    assert readable(name) == shown
    shown.encode("utf-8")


def test_messages_can_be_written_anywhere() -> None:
    assert str(PhysiocamError("'a\udcff\n' is bad")) == "'a\\xff\\x0a' is bad"
    with pytest.raises(VideoError) as error:
        open_video("missing\udcff.mp4")
    assert str(error.value).startswith("'missing\\xff.mp4' does not exist")

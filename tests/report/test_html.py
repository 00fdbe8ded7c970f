"""The report: one page that says everything, needs nothing, and holds up in a real browser."""

import base64
import functools
import http.server
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest

pytest.importorskip("jinja2")

import itertools

from physiocam.report.face_picture import face_picture
from physiocam.report.html import report_page, write_report
from physiocam.results.measurement import Measurement
from physiocam.signals.rate import Rate
from physiocam.video.reader import open_video

Make = Callable[..., Measurement]

_VOID = {"meta", "link", "img", "br", "hr", "input"}


class Page(HTMLParser):
    """Elements in order, with their attributes; fails where tags do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page[page.index("<body>") :]).split())


def test_the_summary_has_values_units_quality_and_reasons(make_measurement: Make) -> None:
    measurement = make_measurement(hrv=True)
    said = words(report_page(measurement, "no reason"))
    assert measurement.heart_rate.value is not None
    assert f"{measurement.heart_rate.value:.1f} beats/min" in said
    assert f"quality {measurement.heart_rate.quality:.2f}" in said
    assert "heart-rate variability needs 60 s" in said
    assert "variable frame rate" in said
    assert "A face was found in 85.0 % of the frames" in said
    assert "AU12 lip corner puller" in said
    assert "Not shown: no reason." in said


def test_a_guess_is_shown_as_not_to_be_relied_on(make_measurement: Make) -> None:
    measured = Rate(15.0, "breaths/min", 0.5, None)
    measurement = replace(make_measurement(), breathing_rate=measured)
    plain = words(report_page(measurement, ""))
    assert "guess" not in plain
    assert "80 %" not in plain
    withheld = Rate(None, "beats/min", 0.05, "a reason", 72.34, (60.0, 81.0))
    breathing = replace(measured, interval=(14.2, 15.9))
    said = words(report_page(replace(measurement, heart_rate=withheld, breathing_rate=breathing), ""))
    summary = said[: said.index("Waveforms")]
    assert "not measured quality 0.05 0.05 of 1 a reason best guess 72.3 beats/min (80 %: 60.0 to 81.0)" in summary
    assert "not to be relied on" in summary
    assert "it may be far off" in summary
    assert "15.0 breaths/min 80 %: 14.2 to 15.9 quality" in summary
    assert "about 8 of 10 such intervals contain the true rate" in summary


_PROBABLE, _CLEAR = "probability that the rate lies within 3", "says how far a rate stands out from noise"


@pytest.mark.parametrize(
    ("heart", "breathing", "said"),
    [
        (True, True, f"It is the {_PROBABLE} a minute of the truth."),
        (
            True,
            False,
            f"For the heart rate it is the {_PROBABLE} beats/min of the truth; for the breathing rate it {_CLEAR}",
        ),
        (
            False,
            True,
            f"For the breathing rate it is the {_PROBABLE} breaths/min of the truth; for the heart rate it {_CLEAR}",
        ),
        (False, False, f"It {_CLEAR}"),
    ],
)
def test_it_says_what_quality_is(make_measurement: Make, heart: bool, breathing: bool, said: str) -> None:
    measurement = replace(
        make_measurement(),
        heart_rate=Rate(72.0, "beats/min", 0.9, None, interval=(71.0, 73.0) if heart else None),
        breathing_rate=Rate(15.0, "breaths/min", 0.9, None, interval=(14.0, 16.0) if breathing else None),
    )
    page = words(report_page(measurement, ""))
    assert f"Quality runs from 0 to 1. {said}" in page
    assert (_CLEAR in page) != (heart and breathing)


@pytest.mark.parametrize(
    ("seconds", "gap_s"), [(0.4, None), (4.0, None), (8.0, (0.0, 8.0)), (40.0, (12.0, 18.0)), (400.0, None)]
)
def test_every_length_makes_a_well_formed_page(
    seconds: float, gap_s: tuple[float, float] | None, make_measurement: Make
) -> None:
    page = Page(report_page(make_measurement(seconds, gap_s), ""))
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == 1
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h\d", tag)]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    for picture in page.all("svg"):
        assert picture["role"] == "img"
        assert len(str(picture["aria-label"])) > 20
    identities = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(set(identities)) == len(identities)
    for section in page.all("section"):
        assert section["aria-labelledby"] in identities
    assert "NaN" not in page.rawdata
    assert " nan" not in page.rawdata


def test_a_classical_measurement_shows_the_heart_alone(make_measurement: Make) -> None:
    measurement = make_measurement()
    nothing = np.full(measurement.frames, np.nan)
    classical = replace(
        measurement,
        method="pos",
        weights=None,
        respiration=nothing,
        action_units={},
        action_unit_probability=np.empty((measurement.frames, 0), dtype=np.float32),
    )
    said = words(report_page(classical, "the method 'pos' has no network"))
    assert "Facial action units" not in said
    assert "Respiration" not in said
    assert "method POS [1]" in said


def test_intensities_blinks_and_the_pose_of_the_head_are_shown_where_they_are_measured(make_measurement: Make) -> None:
    plain = make_measurement()
    said = words(report_page(plain, "no maps"))
    assert "Head pose" not in said
    assert "intensity" not in said
    pose = np.zeros((plain.frames, 3), np.float32)
    pose[:, 1] = np.linspace(-20, 25, plain.frames)
    pose[~plain.face_found] = np.nan
    rated = replace(
        plain,
        blinks_per_minute=14.26,
        intensity_labels=("AU12",),
        intensity=np.full((plain.frames, 1), 2.5, np.float32),
        head_pose=pose,
    )
    page = report_page(rated, "no maps")
    said = words(page)
    assert "Blinks: 14.3 a minute" in said
    assert "The thin line is the intensity" in said
    # At half of the height, for a unit alone.
    (line,) = re.findall(r'class="line intensity" d="M([^"]*)"', page)
    assert {point.split()[1] for point in re.split("[ML]", line)} == {"500.0"}
    assert "yaw: positive to the person" in said
    labels = [svg.get("aria-label") or "" for svg in Page(page).all("svg")]
    assert any("yaw of the head from -20 to 25 degrees" in label for label in labels)
    assert page.count('class="line pose"') == 3


def test_nothing_of_the_recording_becomes_markup(make_measurement: Make) -> None:
    evil = '<script>alert(1)</script>"&amp;.mp4'
    measurement = replace(make_measurement(source=f"x/{evil}"), notes=("<img src=x>",))
    page = report_page(measurement, "<b>bold</b>")
    assert Page(page).all("script") == []
    assert Page(page).all("img") == []
    assert "&lt;img src=x&gt;" in page
    assert "&lt;b&gt;bold&lt;/b&gt;" in page


def test_the_page_refers_to_nothing_outside(make_measurement: Make) -> None:
    page = Page(report_page(make_measurement(), ""))
    assert page.all("script") == []
    for tag, attributes in page.elements:
        for name in ("src", "href", "srcset", "data", "action", "poster"):
            target = attributes.get(name)
            assert target is None or target.startswith(("data:", "#")), (tag, target)
    assert "@import" not in page.rawdata
    assert "url(" not in page.rawdata


def test_writing_and_colours_contrast_enough(make_measurement: Make) -> None:
    """WCAG AA: 4.5 for writing, 3 for lines and areas, on every background there is."""
    page = report_page(make_measurement(), "")
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", page))

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def contrast(one: str, other: str) -> float:
        high, low = sorted((luminance(one), luminance(other)), reverse=True)
        return (high + 0.05) / (low + 0.05)

    for background in ("#ffffff", colours["field"]):
        for name in ("ink", "quiet"):
            assert contrast(colours[name], background) >= 4.5, name
        for name in ("heart", "breathing", "au"):
            assert contrast(colours[name], background) >= 3.0, name


def test_the_dark_page_contrasts_enough_too(make_measurement: Make) -> None:
    page = report_page(make_measurement(), "")
    dark = page[page.index("prefers-color-scheme: dark") : page.index("}", page.index("prefers-color-scheme: dark"))]
    light = page[page.index("\n:root {") :]
    colours, in_light = (dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", part)) for part in (dark, light))
    assert set(colours) == set(in_light)

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    def contrast(one: str, other: str) -> float:
        high, low = sorted((luminance(one), luminance(other)), reverse=True)
        return (high + 0.05) / (low + 0.05)

    for background in (colours["paper"], colours["field"]):
        for name in ("ink", "quiet", "link"):
            assert contrast(colours[name], background) >= 4.5, name
        for name in ("heart", "breathing", "au"):
            assert contrast(colours[name], background) >= 3.0, name


def test_without_a_heart_rate_there_is_no_variability_and_no_pulse(make_measurement: Make) -> None:
    pytest.importorskip("neurokit2")
    measurement = make_measurement(90.0, None, hrv=True)
    assert "Intervals between beats" in words(report_page(measurement, ""))
    withheld = replace(measurement, heart_rate=Rate(None, "beats/min", 0.05, "a reason"))
    page = report_page(withheld, "")
    said = words(page)
    assert "Intervals between beats" not in said
    assert "beats were found" not in said
    assert "Heart-rate variability was not measured" in said
    assert "The heart rate was not measured (a reason)" in said
    assert 'class="line withheld"' in page
    assert "beats.csv" not in said


def test_waveforms_have_axes_with_units(make_measurement: Make) -> None:
    page = report_page(make_measurement(), "")
    said = words(page)
    assert "pulse (standard deviations)" in said
    waveforms = said[said.index("Waveforms") : said.index("Rates along")]
    assert "time (s)" in waveforms
    assert "-2 0 2" in " ".join(sorted(set(waveforms.split()) & {"-2", "0", "2"}))


def test_the_face_is_shown_without_an_extra(tmp_path: Path, make_measurement: Make) -> None:
    measurement = make_measurement(2.0, (0.0, 0.4))
    frames = np.zeros((measurement.frames, 48, 64, 3), np.uint8)
    frames[:, 4:36, 8:40] = (200, 120, 90)
    face = face_picture(measurement, frames, measurement.fs)
    assert face is not None
    assert face.time_s == pytest.approx(1.2, abs=0.05)
    (picture,) = Page(report_page(measurement, "left out", face)).all("img")
    assert picture["alt"] == "The recorded face, at 1.2 s"
    png = tmp_path / "face.png"
    png.write_bytes(base64.b64decode(str(picture["src"]).removeprefix("data:image/png;base64,")))
    with open_video(png.rename(tmp_path / "folder.png").parent, fs=1.0) as video:
        (frame,) = video
    assert frame.image is not None
    assert frame.image.shape == (160, 160, 3)
    assert np.unique(frame.image.reshape(-1, 3), axis=0).tolist() == [[200, 120, 90]]
    assert Page(report_page(measurement, "left out")).all("img") == []
    nobody = replace(measurement, face_found=np.zeros(measurement.frames, dtype=bool))
    assert face_picture(nobody, frames, measurement.fs) is None


def test_the_same_measurement_gives_the_same_bytes(tmp_path: Path, make_measurement: Make) -> None:
    write_report(make_measurement(), tmp_path / "a.html", "")
    write_report(make_measurement(), tmp_path / "b.html", "")
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "b.html"]


def test_an_hour_stays_small(make_measurement: Make) -> None:
    assert len(report_page(make_measurement(3600.0, None), "")) < 1_500_000


def test_maps_of_attention_are_in_the_page(make_measurement: Make) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("matplotlib")
    from physiocam.report.attention import Attention, Branch, View

    maps = np.random.default_rng(0).random((2, 8, 8)).astype(np.float32)
    attention = Attention(
        source="me.mp4",
        bundle="default",
        target=None,
        face_s=12.0,
        times_s=np.array([1.0, 9.0]),
        faces=np.full((2, 32, 32, 3), 128, dtype=np.uint8),
        mean_face=np.full((32, 32, 3), 128, dtype=np.uint8),
        views=(View(Branch("big", ("au", "pulse"), 0.0, 1.0), maps, maps.mean(axis=0)),),
    )
    page = report_page(make_measurement(), attention)
    pictures = Page(page).all("img")
    assert [str(picture["alt"]) for picture in pictures] == [
        f"Where the Big branch (AU, pulse) looks, {moment}" for moment in ("at 1.0 s", "at 9.0 s", "mean of 12.0 s")
    ]
    assert all(str(picture["src"]).startswith("data:image/png;base64,iVBOR") for picture in pictures)


# In a browser.


def browser() -> str:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip(f"no browser on PATH (looked for {', '.join(names)})")
    return found


class _Quiet(http.server.SimpleHTTPRequestHandler):
    asked: list[str]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
        self.asked.append(self.path)


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Address of a web server for a folder, and the paths that it was asked for."""
    asked: list[str] = []
    handler = type("Handler", (_Quiet,), {"asked": asked})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def visit(page: Path, *options: str) -> tuple[list[str], list[str]]:
    """Open a page in a real browser; what its console said, and what was asked for, but for the page itself."""
    folder = page.parent
    with served(folder) as (address, asked):
        command = [
            browser(), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
            "--disable-background-networking", "--disable-component-update", f"--user-data-dir={folder / 'profile'}",
            "--enable-logging=stderr", f"--log-net-log={folder / 'net.json'}", *options, f"{address}/{page.name}",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert f"/{page.name}" in asked, done.stderr[-2000:]
    console = [line for line in done.stderr.splitlines() if ":CONSOLE" in line]
    logged = set(re.findall(r'"url":"([^"]+)"', (folder / "net.json").read_text(errors="replace")))
    elsewhere = [
        url
        for url in logged
        # Paths at the server are known from the server; what the browser asks its maker for is not the page's doing.
        if not url.startswith(address) and not str(urlsplit(url).hostname).endswith((".google.com", ".googleapis.com"))
    ]
    return console, elsewhere + [path for path in asked if path != f"/{page.name}"]


def test_a_page_that_misbehaves_would_be_noticed(tmp_path: Path) -> None:
    bad = tmp_path / "bad.html"
    pictures = '<img src="other.png"><img src="http://127.0.0.1:9/far.png">'
    bad.write_text(f"<!DOCTYPE html><title>x</title>{pictures}<script>nothing.there()</script>")
    console, others = visit(bad, f"--screenshot={tmp_path / 'bad.png'}")
    assert any("nothing is not defined" in line for line in console)
    assert {"/other.png", "http://127.0.0.1:9/far.png"} <= set(others)


@pytest.mark.parametrize("width", [1280, 500])
def test_a_browser_shows_it_without_a_word_or_a_request(width: int, tmp_path: Path, make_measurement: Make) -> None:
    write_report(make_measurement(90.0, hrv=True), tmp_path / "report.html", "no reason")
    shot = tmp_path / "shot.png"
    console, others = visit(tmp_path / "report.html", f"--window-size={width},3000", f"--screenshot={shot}")
    assert console == []
    assert others == []
    image = pytest.importorskip("PIL.Image").open(shot).convert("RGB")
    pixels = np.asarray(image).astype(int)
    # The pulse is drawn, and nothing is cut off at the right.
    assert (np.abs(pixels - (179, 38, 30)).max(axis=-1) < 12).sum() > 500
    assert (pixels[:, -3:] > 250).all()


def test_a_browser_prints_it(tmp_path: Path, make_measurement: Make) -> None:
    write_report(make_measurement(90.0, hrv=True), tmp_path / "report.html", "no reason")
    console, others = visit(tmp_path / "report.html", f"--print-to-pdf={tmp_path / 'report.pdf'}")
    assert (console, others) == ([], [])
    pages = (tmp_path / "report.pdf").read_bytes().count(b"/Type /Page\n")
    assert 3 <= pages <= 10

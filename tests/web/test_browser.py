"""The page in a real browser: Chromium without a window, where there is one."""

import json
import shutil
import threading
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from physiocam.measuring.measure import measure
from physiocam.results.measurement import Measurement
from physiocam.video.resize import area_resize
from physiocam.web.server import PageServer
from physiocam.web.site import SiteFile, site_files
from physiocam.weights.bundle import load_bundle

pytest.importorskip("playwright")
from playwright.sync_api import Browser, Page, sync_playwright

# A busy machine may be ten times slower than a free one.
_PATIENCE_MS = 300_000
_FILM_FS = 30
_CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")

# Lets the camera show a file's frames at their own times, each when the worker has taken the one before, so that the
# test does not depend on the speed of the machine.
_FILMED = """
const Frame = globalThis.VideoFrame;
const film = document.createElement("video");
const canvas = new OffscreenCanvas(1, 1);
let next = 0, taken = 0;
globalThis.film = film;
globalThis.VideoFrame = function () { return new Frame(canvas, { timestamp: 0 }); };
globalThis.Worker = class extends Worker {
  constructor(...args) {
    super(...args);
    this.addEventListener("message", ({ data }) => { if (data.kind === "taken") taken++; });
  }
};
const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
HTMLVideoElement.prototype.requestVideoFrameCallback = async function (callback) {
  while (taken < next) await wait(2);
  if (next >= globalThis.filmFrames) { document.documentElement.dataset.filmed = "all"; return; }
  const seconds = next / globalThis.filmFs;
  const seeked = new Promise((done) => film.addEventListener("seeked", done, { once: true }));
  film.currentTime = seconds + 0.5 / globalThis.filmFs;
  await seeked;
  [canvas.width, canvas.height] = [film.videoWidth, film.videoHeight];
  canvas.getContext("2d").drawImage(film, 0, 0);
  next++;
  callback(0, { captureTime: 1000 * seconds });
};
"""


@pytest.fixture(scope="module")
def server() -> Iterator[PageServer]:
    with PageServer(site_files(load_bundle()), port=0) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield running
        running.shutdown()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chromium-browser"))), None)
    if program is None:
        pytest.skip("no Chromium on the path; install it (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", *_CAMERA])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 390, "height": 844})
    yield context.new_page()
    context.close()


def opened(page: Page, address: str) -> list[str]:
    """Open the page, and return the list that every address it asks for is added to."""
    asked: list[str] = []
    page.context.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.wait_for_selector("html[data-ready]", state="attached", timeout=_PATIENCE_MS)
    return asked


def measured(page: Page) -> dict[str, Any]:
    page.wait_for_selector("html[data-measured], #problem:not([hidden])", state="attached", timeout=_PATIENCE_MS)
    assert not page.is_visible("#problem"), page.inner_text("#problem")
    answer: dict[str, Any] = json.loads(page.evaluate("document.documentElement.dataset.measured"))
    return answer


def check_alike(found: dict[str, Any], video: Path, units: float) -> None:
    """The page's heart rate and action units are those of the command line."""
    expected = measure(video)
    # The best guess, which is the value where there is one: a film that is encoded again loses some of its pulse.
    assert found["heart_rate"]["estimate"] == pytest.approx(expected.heart_rate.estimate, abs=1.0)
    assert (found["heart_rate"]["value"] is None) == (expected.heart_rate.value is None)
    assert set(found["action_units"]) == set(expected.action_units)
    for label, unit in expected.action_units.items():
        assert found["action_units"][label]["mean_probability"] == pytest.approx(unit.mean_probability, abs=units)


def test_a_file_is_measured_as_by_the_command_line_without_a_network(page: Page, shared: Path, tmp_path: Path) -> None:
    video = tmp_path / "film.mp4"
    write_seekable(shared / "data" / "vitallens_1" / "video.mp4", video, 240)
    with PageServer(site_files(load_bundle()), port=0) as going:
        threading.Thread(target=going.serve_forever, daemon=True).start()
        address = going.address
        asked = opened(page, address)
        assert page.evaluate("crossOriginIsolated")
        going.shutdown()
    # The server is gone: what follows works without any.
    page.reload()
    page.wait_for_selector("html[data-ready]", state="attached", timeout=_PATIENCE_MS)
    page.set_input_files("#file", video)
    found = measured(page)
    assert found["heart_rate"]["value"] is not None
    check_alike(found, video, 0.03)
    assert {urlsplit(url).netloc for url in asked if not url.startswith("blob:")} == {urlsplit(address).netloc}
    assert "beats/min" in page.inner_text("#heart")
    assert page.get_by_role("meter", name="AU12").get_attribute("aria-valuenow") is not None
    # Whoever turns a phone sees no wider page than it is.
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 844})
        page.wait_for_function("width => document.documentElement.scrollWidth === width", arg=width)


def test_everyone_in_a_film_is_measured_on_both_sides_of_a_cut(
    page: Page, server: PageServer, shared: Path, tmp_path: Path
) -> None:
    video = tmp_path / "two.mp4"
    write_two_people(shared / "data", video, frames=90, cut=50)
    expected = measure(video, people="all")
    opened(page, server.address)
    page.check("#everyone")
    page.set_input_files("#file", video)
    measured(page)
    assert page.get_by_role("radio").count() == len(expected) == 2
    assert page.locator(".box").all_inner_texts() == ["Person 1", "Person 2"]
    with page.expect_download() as saved:
        page.click("#save")
    saved.value.save_as(tmp_path / "two.zip")
    with zipfile.ZipFile(tmp_path / "two.zip") as files:
        files.extractall(tmp_path / "saved")
    for one in expected:
        found = Measurement.load(tmp_path / "saved" / "two" / f"person-{one.person}")
        assert (found.person, found.cuts) == (one.person, one.cuts)
        assert found.face.found_fraction == pytest.approx(one.face.found_fraction, abs=0.02)
        for label, unit in one.action_units.items():
            assert found.action_units[label].mean_probability == pytest.approx(unit.mean_probability, abs=0.06)


def write_two_people(data: Path, copy: Path, frames: int, cut: int) -> None:
    """Write a film of two people side by side, who change places at a cut."""
    places = (data / "vitallens_1" / "video.mp4", data / "real_faces" / "muse_sun.mp4")
    first, second = (squares_of(place, frames) for place in places)
    with av.open(copy, "w") as taken:
        stream = taken.add_stream("libx264", rate=_FILM_FS)
        stream.width, stream.height, stream.pix_fmt = 480, 240, "yuv420p"
        stream.options = {"crf": "14", "preset": "ultrafast"}
        for frame in range(frames):
            pair = (first, second) if frame < cut else (second, first)
            rgb = np.hstack([one[frame] for one in pair])
            taken.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        taken.mux(stream.encode())


def squares_of(video: Path, frames: int) -> list[NDArray[np.uint8]]:
    """The middle of a video's first frames."""
    with av.open(video) as given:
        wide = [frame.to_ndarray(format="rgb24") for frame in islice(given.decode(video=0), frames)]
    side = min(wide[0].shape[:2])
    top, left = ((length - side) // 2 for length in wide[0].shape[:2])
    return [area_resize(one[top : top + side, left : left + side], 240, 240).round().astype(np.uint8) for one in wide]


def test_frames_of_a_camera_are_measured_alike(page: Page, shared: Path, tmp_path: Path) -> None:
    video = tmp_path / "film.mp4"
    frames = write_seekable(shared / "data" / "vitallens_1" / "video.mp4", video, 120)
    page.add_init_script(_FILMED)
    files = site_files(load_bundle()) | {"film.mp4": SiteFile(video, "video/mp4")}
    with PageServer(files, port=0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        opened(page, server.address)
        found = filmed(page, frames)
        server.shutdown()
    # A camera's frames are standardized by those so far, so units differ somewhat more from the command line's.
    check_alike(found, video, 0.06)


def write_seekable(video: Path, copy: Path, most: int) -> int:
    """Write a video's first frames again, so that each can be decoded alone; return their number."""
    with av.open(video) as given, av.open(copy, "w") as taken:
        stream = taken.add_stream("libx264", rate=_FILM_FS)
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        stream.options = {"crf": "10", "g": "1", "preset": "ultrafast"}
        frames = 0
        for frame in islice(given.decode(video=0), most):
            frames += 1
            rgb = frame.to_ndarray(width=640, height=480, format="rgb24")
            taken.mux(stream.encode(av.VideoFrame.from_ndarray(rgb, format="rgb24")))
        taken.mux(stream.encode())
    return frames


def filmed(page: Page, frames: int) -> dict[str, Any]:
    """What the page measures in a camera that shows film.mp4."""
    page.evaluate(
        """async ([frames, fs]) => {
          [globalThis.filmFrames, globalThis.filmFs] = [frames, fs];
          film.src = URL.createObjectURL(await (await fetch("film.mp4")).blob());
          await new Promise((done) => film.addEventListener("loadeddata", done, { once: true }));
        }""",
        [frames, _FILM_FS],
    )
    page.click("#camera")
    page.wait_for_selector("html[data-filmed]", state="attached", timeout=_PATIENCE_MS)
    page.click("#stop")
    return measured(page)


def test_a_camera_is_recorded_and_saved(page: Page, server: PageServer, tmp_path: Path) -> None:
    opened(page, server.address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "camera"
    page.keyboard.press("Enter")
    page.get_by_text("Measuring what the camera sees.").wait_for(timeout=_PATIENCE_MS)
    page.keyboard.press("Enter")
    assert measured(page)["face"]["found_fraction"] < 1
    with page.expect_download() as saved:
        page.click("#save")
    saved.value.save_as(tmp_path / "camera.zip")
    names = {"waveforms.csv", "rates.csv", "action_units.csv", "events.csv", "measurement.json"}
    with zipfile.ZipFile(tmp_path / "camera.zip") as files:
        assert {Path(name).name for name in files.namelist()} == names


def test_what_is_no_video_is_refused_and_the_page_goes_on(page: Page, server: PageServer, tmp_path: Path) -> None:
    opened(page, server.address)
    (tmp_path / "letter.mp4").write_bytes(b"Dear reader, " * 1000)
    page.set_input_files("#file", tmp_path / "letter.mp4")
    page.wait_for_selector("#problem:not([hidden])", timeout=_PATIENCE_MS)
    assert page.inner_text("#problem").startswith("“letter.mp4” is not a video that this browser can read.")
    assert page.is_enabled("#choose")

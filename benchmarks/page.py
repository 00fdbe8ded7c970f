"""Start-up, speed, memory and size of the page in the browser, with `physiocam measure` on the same video.

    python benchmarks/page.py VIDEO [--chromium PROGRAM] [--json OUT.json]

Needs Chromium, playwright and psutil. The page is opened twice, the second time from the browser's cache, and then
measures the video. Processor time counts, of all processes of the browser, so that other work on the machine does not.
"""

import argparse
import gzip
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import psutil
from playwright.sync_api import Page, sync_playwright

from physiocam.foundation.files import complete_file
from physiocam.web.server import PageServer
from physiocam.web.site import site_files, write_site
from physiocam.weights.bundle import Bundle, load_bundle

_TEXTS = (".html", ".js", ".mjs", ".css", ".json", ".svg", ".txt")
_PATIENCE_MS = 1_800_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--chromium", default="chromium", help="the browser's program")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    bundle = load_bundle()
    files, figures = site_files(bundle), _sizes(bundle)
    with PageServer(files, port=0) as server, sync_playwright() as playwright:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=shutil.which(arguments.chromium), args=["--no-sandbox"])
        figures |= _in_browser(browser.new_page(), server.address, arguments.video)
        browser.close()
        server.shutdown()
    figures["command_line_cpu_s"] = _command_line_s(arguments.video)
    for name, figure in figures.items():
        print(f"{name:>24}  {figure:.3g}")
    if arguments.json:
        with complete_file(arguments.json) as beside:
            beside.write_text(json.dumps(figures, indent=2) + "\n")


def _sizes(bundle: Bundle) -> dict[str, float]:
    """Megabytes of the site as it is written, and as it is sent by a server that compresses scripts and texts."""
    with tempfile.TemporaryDirectory() as folder:
        written = write_site(bundle, folder)
        texts = [path.read_bytes() for path in Path(folder).rglob("*") if path.suffix in _TEXTS]
    saved = sum(len(text) - len(gzip.compress(text)) for text in texts)
    return {"megabytes": written / 1e6, "megabytes_sent": (written - saved) / 1e6}


def _in_browser(page: Page, address: str, video: Path) -> dict[str, float]:
    starts = []
    for _ in range(2):
        before = _cpu_s()
        page.goto(address)
        page.wait_for_selector("html[data-ready]", state="attached", timeout=_PATIENCE_MS)
        starts.append((float(page.evaluate("document.documentElement.dataset.ready")) / 1000, _cpu_s() - before))
    before = _cpu_s()
    page.set_input_files("#file", video)
    page.wait_for_selector("html[data-measured]", state="attached", timeout=_PATIENCE_MS)
    spent = _cpu_s() - before
    measured = json.loads(page.evaluate("document.documentElement.dataset.measured"))
    return {
        "first_start_s": starts[0][0],
        "first_start_cpu_s": starts[0][1],
        "cached_start_s": starts[1][0],
        "cached_start_cpu_s": starts[1][1],
        "frames": measured["frames"],
        "measuring_cpu_s": spent,
        "frames_per_cpu_s": measured["frames"] / spent,
        "peak_process_mb": max(process.memory_info().rss for process in _browsers()) / 1e6,
    }


def _browsers() -> list[psutil.Process]:
    """The processes of the browser that this one started."""
    return [child for child in psutil.Process().children(recursive=True) if "chrom" in child.name().lower()]


def _cpu_s() -> float:
    return sum(sum(process.cpu_times()[:2]) for process in _browsers())


def _command_line_s(video: Path) -> float:
    """Processor time of `physiocam measure`, its start included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "physiocam", "measure", video, "-o", folder], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()

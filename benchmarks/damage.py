"""Damaged files of every kind, through the command line: nothing may crash, hang, swell or say what no one understands.

    python benchmarks/damage.py [--videos 2000] [--files 500] [--seed 0] [--json OUT.json]

A process works on one case after the other, each with a memory and a time limit that are watched from outside; when it
dies, that is the case's outcome and another one goes on. The same seed gives the same files.
"""

import argparse
import json
import os
import resource
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import av
import onnxruntime
import psutil

from physiocam.foundation.files import complete_file

CRASH, HANG, MEMORY = "crash", "hang", "too much memory"
OUTCOMES = ("measured", "refused in one line", "unclear", "traceback", CRASH, HANG, MEMORY)

# Of the processor; by the clock it may be five times as long, on a machine with other work.
SECONDS = 20.0
MEGABYTES = 1000.0

# Far above the limit: what asks for so much at once is stopped before the machine is.
ADDRESS_SPACE = 16 << 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--videos", type=int, default=2000, help="damaged recordings")
    parser.add_argument("--files", type=int, default=500, help="damaged bundles, tables, settings, ...")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        work(arguments.work, arguments.seed)
        return
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        results = run(folder, arguments.seed, arguments.videos, arguments.files)
    figures = summary(results)
    figures |= {
        "seed": arguments.seed,
        "minutes": (time.perf_counter() - started) / 60,
        "pyav": av.__version__,
        "libavcodec": ".".join(map(str, av.library_versions["libavcodec"])),
        "onnxruntime": onnxruntime.__version__,
    }
    if arguments.json:
        with complete_file(arguments.json) as beside:
            beside.write_text(json.dumps(figures, indent=2) + "\n")


def run(folder: Path, seed: int, videos: int, files: int) -> list[dict[str, Any]]:
    """What became of every case."""
    from rich.progress import track

    # In a process of its own, so that no damage can touch what writes the files.
    whole = "from pathlib import Path; from damage_cases import write_whole_files, write_whole_videos"
    write = f"write_whole_videos(Path({str(folder / 'videos')!r})); write_whole_files(Path({str(folder / 'files')!r}))"
    subprocess.run([sys.executable, "-c", f"{whole}; {write}"], check=True, cwd=Path(__file__).parent)
    cases = [("videos", index) for index in range(videos)] + [("files", index) for index in range(files)]
    results = []
    worker = Worker(folder, seed)
    for group, index in track(cases, "damaging", disable=not sys.stderr.isatty()):
        result = {"group": group, "index": index} | worker.answer(group, index)
        results.append(result)
        if result["outcome"] not in OUTCOMES[:2]:
            what = f"{group} {index} ({result['kind']}, {result['damage']})"
            print(f"{what}: {result['outcome']}: {result['said']}", flush=True)
        if len(results) % 100 == 0:
            print(f"{len(results)} of {len(cases)}", flush=True)
    worker.stop()
    return results


class Worker:
    """The process that works, as seen from outside."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder, self._seed = folder, seed
        self._start()

    def _start(self) -> None:
        command = [sys.executable, __file__, "--work", str(self._folder), "--seed", str(self._seed)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self._watched = psutil.Process(self._process.pid)
        self._told()  # ready

    def _told(self) -> dict[str, Any] | None:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        told: dict[str, Any] | None = json.loads(line) if line else None
        return told

    def answer(self, group: str, index: int) -> dict[str, Any]:
        """Let it work on a case; if it has to be stopped or dies, start another one."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{group} {index}\n")
        about = self._told() or {"kind": "?", "damage": "?"}
        started, before, stopped = time.perf_counter(), self._processor_s(), None
        assert self._process.stdout is not None
        while stopped is None and not select.select([self._process.stdout], [], [], 0.1)[0]:
            if self._processor_s() - before > SECONDS or time.perf_counter() - started > 5 * SECONDS:
                stopped = HANG
            elif self._resident_mb() > MEGABYTES:
                stopped = MEMORY
        told = None if stopped else self._told()
        seconds = time.perf_counter() - started
        if told is None:
            self._process.kill()
            status = self._process.wait()
            self._start()
            said = f"exit status {status}"
            return about | {"outcome": stopped or CRASH, "said": said, "seconds": seconds, "peak_mb": 0.0}
        if told["peak_mb"] > MEGABYTES:
            told["outcome"] = MEMORY
        return about | told | {"seconds": seconds}

    def _processor_s(self) -> float:
        """Seconds of a processor that it has used so far: other work on the machine must not look like a hang."""
        try:
            used = self._watched.cpu_times()
        except psutil.Error:  # it has died a moment ago
            return 0.0
        return float(used.user + used.system)

    def _resident_mb(self) -> float:
        try:
            return float(self._watched.memory_info().rss / 1e6)
        except psutil.Error:
            return 0.0

    def stop(self) -> None:
        """Let it end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


def work(folder: Path, seed: int) -> None:
    """Work on the cases that standard input names, as `videos 17`; one line about each before it, and one after it."""
    from damage_cases import file_case, judge, video_case

    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # What libraries print past Python counts as well.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    loud = os.open(folder / f"printed-{os.getpid()}", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    os.dup2(loud, 1)
    os.dup2(loud, 2)
    answers.write("{}\n")
    for line in sys.stdin:
        group, index = line.split()
        scratch = folder / f"case-{os.getpid()}"
        make = video_case if group == "videos" else file_case
        case = make(folder / group, scratch, seed, int(index))
        answers.write(json.dumps({"kind": case.kind, "damage": case.damage}) + "\n")
        os.ftruncate(loud, 0)
        os.lseek(loud, 0, os.SEEK_SET)
        Path("/proc/self/clear_refs").write_text("5")
        verdict = judge(case)
        outcome, said = verdict.outcome, verdict.said
        if os.fstat(loud).st_size:
            outcome, said = "unclear", os.pread(loud, 300, 0).decode("utf-8", "replace")
        answers.write(json.dumps({"outcome": outcome, "said": said, "peak_mb": peak_mb()}) + "\n")
        shutil.rmtree(scratch)


def peak_mb() -> float:
    """Highest resident memory since the last reset, in megabytes."""
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmHWM"].split()[0]) * 1024 / 1e6


def summary(results: list[dict[str, Any]]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for group in ("videos", "files"):
        found = [result for result in results if result["group"] == group]
        kinds = sorted({result["kind"] for result in found})
        counts = {kind: Counter(result["outcome"] for result in found if result["kind"] == kind) for kind in kinds}
        print(f"\n### {group}\n\n| kind | " + " | ".join(OUTCOMES) + " |\n|" + "---|" * (1 + len(OUTCOMES)))
        for kind, count in counts.items():
            print(f"| {kind} | " + " | ".join(str(count[outcome]) for outcome in OUTCOMES) + " |")
        figures[group] = {
            "cases": len(found),
            "outcomes": {outcome: sum(count[outcome] for count in counts.values()) for outcome in OUTCOMES},
            "kinds": {kind: dict(count) for kind, count in counts.items()},
            "median_s": sorted(result["seconds"] for result in found)[len(found) // 2] if found else None,
            "slowest_s": max((result["seconds"] for result in found), default=None),
            "largest_mb": max((result["peak_mb"] for result in found), default=None),
        }
        print({name: figures[group][name] for name in ("cases", "outcomes", "median_s", "slowest_s", "largest_mb")})
    return figures


if __name__ == "__main__":
    main()

"""A coverage-guided fuzzer over every parser: what reaches new lines of physiocam is kept and damaged further.

    python benchmarks/fuzz.py [--minutes 10] [--target video ...] [--seed 0] [--corpus tests/corpus]

Each target works in a process of its own, whose death, hanging or unexpected error is a finding: the input is kept in
the folder that --findings names. With --corpus, some inputs that reach what sound ones do not are written there.
"""

import argparse
import faulthandler
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

import physiocam
from fuzz_targets import TARGETS, attempt

# An input may take so long, in seconds; and a process so much memory, in bytes.
_SECONDS, _ADDRESS_SPACE = 20, 8 << 30

# Of a target, so many inputs are kept for the tests, none longer than this.
_KEPT, _LONGEST = 6, 1500

_PACKAGE = str(Path(physiocam.__file__).parent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, help="for all targets together")
    parser.add_argument("--target", action="append", choices=list(TARGETS), help="only this one; may be repeated")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--corpus", type=Path, help="also write what reaches new lines here")
    parser.add_argument("--findings", type=Path, default=Path("findings"))
    parser.add_argument("--work", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    names = arguments.target or list(TARGETS)
    if arguments.work:
        work(names[0], Path(arguments.work), 60 * arguments.minutes, arguments.seed, arguments.corpus)
        return
    failures = [
        name
        for number, name in enumerate(names)
        if not fuzz(name, arguments.minutes / len(names), arguments.seed + number, arguments.corpus, arguments.findings)
    ]
    print(f"{len(names) - len(failures)} of {len(names)} targets without a finding")
    sys.exit(1 if failures else 0)


def fuzz(name: str, minutes: float, seed: int, corpus: Path | None, findings: Path) -> bool:
    """Fuzz one target until its time is over; whether nothing was found."""
    end, found = time.monotonic() + 60 * minutes, 0
    while (left := end - time.monotonic()) > 0:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, __file__, "--work", folder, "--target", name, "--seed", str(seed + 1000 * found)]
            command += ["--minutes", str(left / 60), *(["--corpus", str(corpus)] if corpus else [])]
            answer = subprocess.run(command, capture_output=True, text=True, check=False)
            print(answer.stdout, end="", flush=True)
            if answer.returncode == 0:
                break
            found += 1
            findings.mkdir(parents=True, exist_ok=True)
            kept = findings / f"{name}-{seed}-{found}"
            kept.write_bytes((Path(folder) / "input").read_bytes())
            last = (answer.stderr.strip().splitlines() or [f"exit status {answer.returncode}"])[-1]
            print(f"{name}: {last[:300]} (input kept as {kept})", flush=True)
    return found == 0


def work(name: str, folder: Path, seconds: float, seed: int, corpus: Path | None) -> None:
    """Damage inputs and let a target read them; ends with an error at the first finding."""
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    target, random = TARGETS[name], np.random.default_rng(seed)
    seen: set[tuple[str, int]] = set()
    pool: list[bytes] = []
    news: list[bytes] = []

    def reaches(content: bytes) -> int:
        """Let the target read an input; the number of lines that none before reached."""
        (folder / "input").write_bytes(content)
        faulthandler.dump_traceback_later(_SECONDS, exit=True)
        with _lines() as lines:
            attempt(target, content, folder / "scratch")
        faulthandler.cancel_dump_traceback_later()
        new = lines - seen
        seen.update(new)
        return len(new)

    for content in target.seeds():
        reaches(content)
        pool.append(content)
    started, tried = time.monotonic(), 0
    kinds = list(target.mutations.values())
    while time.monotonic() - started < seconds:
        content = pool[int(random.integers(len(pool)))]
        for _ in range(int(random.integers(1, 4))):
            other = pool[int(random.integers(len(pool)))]
            try:
                content = kinds[int(random.integers(len(kinds)))](content, other, random) or b"\0"
            except (ValueError, RecursionError):  # damaged JSON cannot be restructured
                continue
        tried += 1
        if reaches(content):
            pool.append(content)
            news.append(content)
    if corpus is not None:
        _keep(news, corpus / name)
    print(json.dumps({"target": name, "inputs": tried, "lines": len(seen), "kept": len(news)}))


@contextmanager
def _lines() -> Iterator[set[tuple[str, int]]]:
    """Collect the lines of the package that run within."""
    lines: set[tuple[str, int]] = set()

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        name = frame.f_code.co_filename
        if not name.startswith(_PACKAGE):
            return None
        if event == "line":
            lines.add((name, frame.f_lineno))
        return trace

    sys.settrace(trace)
    try:
        yield lines
    finally:
        sys.settrace(None)


def _keep(inputs: list[bytes], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    short = sorted((content for content in inputs if len(content) <= _LONGEST), key=len)
    for number, content in enumerate(short[-_KEPT:]):
        (folder / f"{number}.bin").write_bytes(content)


if __name__ == "__main__":
    main()

"""How long `physiocam measure VIDEO` takes until the first frame arrives, and what it has loaded by then.

    python benchmarks/start.py VIDEO [--against OTHER_SRC] [--repeats 15] [--json docs/start.json]

Each start is a process of its own that ends at the first frame; with --against also of the package in another
checkout's src folder, in turn. Python's compiled files are kept in a folder of their own, as an installation has them.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from physiocam.foundation.files import complete_file

# Run in the process that is measured: the first frame ends it. The time of its birth is passed on.
_UNTIL_FIRST_FRAME = """
import json, os, sys, time
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder

class Watch(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name != "physiocam.measuring.face_frames":
            return None
        spec = PathFinder.find_spec(name, path)
        run = spec.loader.exec_module
        def exec_module(module):
            run(module)
            module.FaceFrames.advance = first_frame
        spec.loader.exec_module = exec_module
        return spec

def first_frame(frames, count):
    wall = time.clock_gettime(time.CLOCK_MONOTONIC) - float(os.environ["BORN"])
    mine = sorted(name for name in sys.modules if name.partition(".")[0] == "physiocam")
    facts = {"wall_s": wall, "processor_s": time.process_time(), "modules": len(sys.modules), "own": len(mine)}
    sys.stdout.write("\\n" + json.dumps(facts) + "\\n")
    sys.stdout.flush()
    os._exit(0)

sys.meta_path.insert(0, Watch())
sys.argv[0] = "physiocam"
from physiocam.cli import main
main()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("video", type=Path)
    parser.add_argument("--against", type=Path, help="src folder of another checkout")
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--python", default=sys.executable, help="the interpreter of an installation")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    sources = {"now": Path(__file__).parents[1] / "src"}
    if arguments.against:
        sources["before"] = arguments.against
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in sources}
    with tempfile.TemporaryDirectory() as compiled:
        for repeat in range(arguments.repeats + 1):
            for name, source in sources.items():
                run = start(arguments.video, source, arguments.python, Path(compiled))
                # The first one compiles.
                if repeat:
                    runs[name].append(run)
    figures = {name: {fact: round(median(run[fact] for run in some), 3) for fact in some[0]}
               for name, some in runs.items()}  # fmt: skip
    for name, some in runs.items():
        figures[name]["fastest_wall_s"] = round(min(run["wall_s"] for run in some), 3)
    print("| | wall s, median | fastest | processor s | modules | of these physiocam's |\n|---|---|---|---|---|---|")
    for name, row in figures.items():
        cells = (row[fact] for fact in ("wall_s", "fastest_wall_s", "processor_s", "modules", "own"))
        print(f"| {name} | {' | '.join(f'{cell:.3g}' for cell in cells)} |")
    if arguments.json:
        with complete_file(arguments.json) as beside:
            beside.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def start(video: Path, source: Path, python: str, compiled: Path) -> dict[str, float]:
    """Start `physiocam measure` and return what is known at its first frame: times in seconds, numbers of modules."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPATH": str(source), "PYTHONPYCACHEPREFIX": str(compiled), "OMP_NUM_THREADS": "1"}
    environment["BORN"] = str(time.clock_gettime(time.CLOCK_MONOTONIC))
    command = [python, "-c", _UNTIL_FIRST_FRAME, "measure", str(video)]
    found = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    facts: dict[str, float] = json.loads(found.stdout.splitlines()[-1])
    return facts


if __name__ == "__main__":
    main()

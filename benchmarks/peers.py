"""physiocam beside what else one could install: time, memory, installed size and heart rate, on the same clips.

    python benchmarks/peers.py WORK_DIR VIDEO... [--repeats 3] [--only NAME...] [--json docs/peers.json]

Each program is installed into an environment of its own in WORK_DIR (with uv), which is kept for the next time. Then
all measure each clip in turn, from a cold start, in processes of their own. A program that cannot be installed or does
not run is listed with the reason: several want to download their networks when they are first used. VitalLens runs its
offline methods only.
"""

import argparse
import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from physiocam.foundation.files import complete_file

ROOT = Path(__file__).parents[1]

# No run may take longer, in seconds.
_LONGEST = 1000


@dataclass(frozen=True)
class Peer:
    """A program to compare with.

    Attributes
    ----------
    gives : str
        What it measures.
    environment : str
        Programs that share one have the same name here.
    python : str
        The newest version of Python with which it runs.
    packages : tuple of str
        What is installed, with what the program forgets to ask for.
    code : str
        Measures the video `sys.argv[1]`, and sets `found` to the heart rate or None.
    """

    gives: str
    environment: str
    python: str
    packages: tuple[str, ...]
    code: str


# It reads files by the programs ffmpeg and ffprobe, which not every machine has: PyAV reads them for it.
_VITALLENS = """
import av, numpy
from vitallens import VitalLens
with av.open(sys.argv[1]) as file:
    fs = float(file.streams.video[0].average_rate)
    frames = numpy.stack([frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)])
face = VitalLens(method={method!r})(frames, fps=fs)[0]
rate = face["vitals"]["heart_rate"] if "vitals" in face else face["vital_signs"]["heart_rate"]
found = float(rate["value"])
"""

PEERS = {
    "physiocam": Peer(
        "heart rate, breathing rate, action units", "physiocam", "3.13", (str(ROOT),),
        "import physiocam\nfound = physiocam.measure(sys.argv[1]).heart_rate.value",
    ),
    "physiocam, POS": Peer(
        "heart rate", "physiocam", "3.13", (str(ROOT),),
        "import physiocam\nfound = physiocam.measure(sys.argv[1], method='pos').heart_rate.value",
    ),
    "VitalLens, POS": Peer("heart rate", "vitallens", "3.12", ("vitallens", "av"), _VITALLENS.format(method="pos")),
    "VitalLens, CHROM": Peer("heart rate", "vitallens", "3.12", ("vitallens", "av"), _VITALLENS.format(method="chrom")),
    "open-rppg": Peer(
        "heart rate, breathing from beats", "open-rppg", "3.12", ("open-rppg", "setuptools<81"),
        "import rppg\nfound = rppg.Model().process_video(sys.argv[1])['hr']",
    ),
    "pyVHR-cpu, POS": Peer(
        "heart rate", "pyvhr", "3.10",
        ("pyVHR-cpu", "numpy<2", "scipy<1.9", "numba", "opencv-python-headless", "mediapipe<0.10.15", "pandas",
         "scikit-learn", "scikit-image", "matplotlib", "biosppy", "plotly", "requests", "h5py", "torch==2.3.1",
         "torchvision==0.18.1", "ipywidgets", "scikit-posthocs", "autorank", "tensorboard", "protobuf<4"),
        "from pyVHR.analysis.pipeline import Pipeline\nimport numpy\n"
        "_, rates, _ = Pipeline().run_on_video(sys.argv[1], roi_approach='hol', method='cpu_POS', verb=False)\n"
        "found = float(numpy.median(rates))",
    ),
    "MediaPipe, face mesh": Peer(
        "478 points of the face", "mediapipe", "3.12", ("mediapipe==0.10.21",),
        "import cv2, mediapipe\nmesh = mediapipe.solutions.face_mesh.FaceMesh(refine_landmarks=True)\n"
        "video, found = cv2.VideoCapture(sys.argv[1]), None\n"
        "while (read := video.read())[0]:\n    mesh.process(cv2.cvtColor(read[1], cv2.COLOR_BGR2RGB))",
    ),
    "py-feat": Peer(
        "action units", "py-feat", "3.12", ("py-feat", "torch==2.13.0"),
        "from feat import Detectorv2\nDetectorv2(device='cpu').detect(sys.argv[1], data_type='video')\nfound = None",
    ),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("videos", type=Path, nargs="+")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=PEERS, default=list(PEERS))
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    work = arguments.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    figures: dict[str, dict[str, Any]] = {}
    for name in arguments.only:
        figures[name] = {"gives": PEERS[name].gives, **installed(PEERS[name], work)}
        print(name, figures[name], flush=True)
    for video in arguments.videos:
        compare(video, figures, work, arguments.repeats)
    print(table(figures, [video.stem for video in arguments.videos]))
    if arguments.json:
        with complete_file(arguments.json) as beside:
            beside.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def installed(peer: Peer, work: Path) -> dict[str, Any]:
    """Install a program, unless it is; its size in MB of 10^6 bytes, or why it cannot be installed."""
    folder = work / peer.environment
    done = folder / "installed"
    wanted = "\n".join(peer.packages)
    if not done.is_file() or done.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        uv = shutil.which("uv") or "uv"
        install = [uv, "pip", "install", "--compile-bytecode", "--python", str(folder / "bin/python")]
        steps = ([uv, "venv", "--python", peer.python, str(folder)], [*install, *peer.packages])
        for step in steps:
            end = subprocess.run(step, capture_output=True, text=True, check=False)
            if end.returncode:
                return {"error": f"cannot be installed: {_last_line(end.stderr)}"}
        done.write_text(wanted)
    sizes = (path.lstat().st_size for path in (folder / "lib").rglob("*") if path.is_file())
    return {"installed_mb": round(sum(sizes) / 1e6)}


def compare(video: Path, figures: dict[str, dict[str, Any]], work: Path, repeats: int) -> None:
    """Let all programs measure a video in turn, and add what they took to their figures."""
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name, known in figures.items() if "error" not in known}
    for _ in range(repeats):
        for name in list(runs):
            print(f"{name}: {video.name}", flush=True)
            run = measured(PEERS[name], video, work)
            if "error" in run:
                figures[name]["error"] = run["error"]
                del runs[name]
            else:
                runs[name].append(run)
    for name, some in runs.items():
        medians = {fact: round(median(run[fact] for run in some), 1) for fact in ("wall_s", "processor_s", "peak_mb")}
        figures[name].setdefault("clips", {})[video.stem] = {**medians, "heart_rate": some[0]["heart_rate"]}


def measured(peer: Peer, video: Path, work: Path) -> dict[str, Any]:
    """Run a program on a video in a process of its own: seconds, peak of memory in MB, heart rate; or its error."""
    code = f"import json, sys\n{peer.code}\nprint('\\n' + json.dumps(found))"
    said, failed = (work / peer.environment / name for name in ("said.txt", "failed.txt"))
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    for name in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"):
        environment.pop(name, None)
    command = [str(work / peer.environment / "bin/python"), "-c", code, str(video.resolve())]
    with said.open("w") as out, failed.open("w") as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            ["timeout", str(_LONGEST), *command], stdout=out, stderr=errors, env=environment, cwd=work
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = status
        wall = time.perf_counter() - start
    if status:
        return {"error": f"does not run: {_last_line(failed.read_text()) or f'not within {_LONGEST} s'}"}
    rate = json.loads(said.read_text().strip().splitlines()[-1])
    return {
        "wall_s": wall,
        "processor_s": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss / 1024,
        "heart_rate": None if rate is None else round(rate, 1),
    }


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""


def table(figures: dict[str, dict[str, Any]], clips: list[str]) -> str:
    """A table in Markdown for each clip."""
    lines = []
    for clip in clips:
        lines += [f"\n{clip}:\n", "| | gives | wall s | processor s | peak MB | installed MB | beats/min |"]
        lines.append("|---" * 7 + "|")
        for name, known in figures.items():
            row = known.get("clips", {}).get(clip)
            cells = [known["gives"]] + (
                [f"{row[fact]:.1f}" for fact in ("wall_s", "processor_s")] + [f"{row['peak_mb']:.0f}"]
                if row else [known.get("error", "-"), "", ""]
            )  # fmt: skip
            cells += [str(known.get("installed_mb", "")), str((row or {}).get("heart_rate") or "-")]
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()

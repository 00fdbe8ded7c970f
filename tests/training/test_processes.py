"""Several processes of one run: who is first, and how the others wait for what it writes."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("pytorch_lightning")

from physiocam.training.processes import is_first

_RUN = """
import os, sys, time
from pathlib import Path
import torch.distributed as dist
from physiocam.training.processes import is_first, wait_for_first
for number in range(2):
    result = Path(sys.argv[1]) / str(number)
    if is_first():
        time.sleep(0.3)
        result.write_text("predictions")
    wait_for_first()
    assert result.is_file(), "the first process was not waited for"
dist.init_process_group("gloo")  # what training does next
dist.barrier()  # one that leaves before the other is connected would break its connection
print("rank", dist.get_rank(), "of", dist.get_world_size())
dist.destroy_process_group()
"""


def test_processes_of_a_launcher_wait_although_nothing_is_left_to_train(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    launched = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", _RUN, tmp_path],
            env={**os.environ, **launched, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    for rank, run in enumerate(runs):
        said, complaint = run.communicate(timeout=600)
        assert said == f"rank {rank} of 2\n", complaint[-2000:]


def test_only_one_machine_has_the_first_process(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_first()
    for name in ("NODE_RANK", "GROUP_RANK"):
        with monkeypatch.context() as patching:
            patching.setenv(name, "1")
            assert not is_first()
            patching.setenv(name, "0")
            assert is_first()

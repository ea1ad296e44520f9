import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from config import demo
from config.demo_run import DemoRun, DemoRunProblem
from config.embedded.locations import PROJECT
from config.embedded.processes import started_at

FIRST = """
import pathlib, sys
from config.demo_run import DemoRun
run = DemoRun(pathlib.Path(sys.argv[1]))
run.begin("http://localhost:8000")
print("begun", flush=True)
sys.stdin.read()
"""
SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]


def test_a_port_in_use_is_refused_with_a_way_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(DemoRunProblem, match=f"Port {port} can't be used .* make demo PORT={port + 1}"):
            demo.refuse_ports_in_use({"PORT": port}, "127.0.0.1")


@pytest.mark.parametrize("port", ["eighty", "0", "65536"])
def test_a_port_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setattr(os, "environ", {"PORT": port})

    with pytest.raises(DemoRunProblem, match="PORT must be a number from 1 to 65535"):
        demo.demo_environment()


def test_a_second_demo_is_told_where_the_first_runs(tmp_path: Path) -> None:
    first = subprocess.Popen(
        [sys.executable, "-c", FIRST, str(tmp_path)],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert first.stdout is not None
    first.stdout.readline()

    with pytest.raises(DemoRunProblem, match=f"runs already: http://localhost:8000, process {first.pid}"):
        DemoRun(tmp_path).begin("http://localhost:8001")

    first.communicate()


@pytest.mark.kill
def test_what_a_killed_demo_left_is_stopped(tmp_path: Path) -> None:
    leftover = subprocess.Popen(SLEEPER, start_new_session=True)
    (tmp_path / "web.pid").write_text(f"{leftover.pid} {started_at(leftover.pid)}", encoding="utf-8")

    DemoRun(tmp_path).stop_leftovers()

    assert leftover.wait(10) != 0
    assert not list(tmp_path.iterdir())


@pytest.mark.kill
def test_a_process_that_merely_has_the_number_is_left_alone(tmp_path: Path) -> None:
    stranger = subprocess.Popen(SLEEPER, start_new_session=True)
    (tmp_path / "web.pid").write_text(f"{stranger.pid} before-it-began", encoding="utf-8")

    DemoRun(tmp_path).stop_leftovers()

    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()

"""Real servers; users that come, go and are killed. State is a folder of its own, as in another checkout."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from config.embedded.locations import PROJECT
from config.embedded.processes import command_line

pytestmark = pytest.mark.kill

USER = """
import sys
from config.embedded import {server} as server
server.use()
sys.stdout.write("ready\\n")
sys.stdout.flush()
sys.stdin.read()
sys.exit(0 if server.SERVER.answers() else 1)
"""
QUEUE = (
    "from config.embedded import broker; import redis; broker.use(); "
    "queue = redis.Redis(unix_socket_path=str(broker.SERVER.socket))"
)
PATIENCE = 30.0


class Checkout:
    """A state folder, and the processes that use its servers."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.environment = {**os.environ, "LOCKSTEP_STATE": str(state), "LOCKSTEP_SERVERS": "test"}
        self.processes: list[subprocess.Popen[str]] = []

    def run(self, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=PROJECT,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def user(self, server: str = "postgres") -> subprocess.Popen[str]:
        """A process that uses the server until its standard input closes. Doesn't wait for it."""
        return self.run("-c", USER.format(server=server))

    def ended(self) -> bool:
        locks = self.state.glob("test-*/keeper.lock")
        return not any(command_line(int(lock.read_text(encoding="utf-8") or 0)) for lock in locks)

    def keeper(self, server: str = "postgres") -> int:
        """The process that keeps the server; 0 in the instant between two keepers, when the file is empty."""
        lock = self.state / f"test-{server}" / "keeper.lock"
        return int(lock.read_text(encoding="utf-8") or 0)

    @property
    def pid_file(self) -> Path:
        return self.state / "test-postgres" / "data" / "postmaster.pid"

    def postmaster(self) -> int:
        return int(self.pid_file.read_text(encoding="utf-8").split("\n", 1)[0])

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.communicate()
        wait_for(lambda: self.ended() and not self.pid_file.exists())


@pytest.fixture(scope="module")
def cluster() -> Iterator[Path]:
    """Not pytest's own folder: the server's user must be able to enter it."""
    state = Path(tempfile.mkdtemp(prefix="lockstep-test-"))
    state.chmod(0o755)
    yield state
    shutil.rmtree(state)


@pytest.fixture
def checkout(cluster: Path) -> Iterator[Checkout]:
    checkout = Checkout(cluster)
    yield checkout
    checkout.close()


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def ready(user: subprocess.Popen[str]) -> subprocess.Popen[str]:
    assert user.stdout is not None
    assert user.stdout.readline() == "ready\n"
    return user


def leaves_content(user: subprocess.Popen[str]) -> bool:
    """Let the user end; whether the server answered it to the last."""
    user.communicate()
    return user.returncode == 0


def test_the_server_comes_with_its_first_user_and_goes_with_its_last(checkout: Checkout) -> None:
    user = ready(checkout.user())
    server = checkout.postmaster()

    assert leaves_content(user)
    wait_for(lambda: not checkout.pid_file.exists())
    assert not command_line(server)


def test_users_that_come_at_once_share_one_server(checkout: Checkout) -> None:
    users = [checkout.user() for _ in range(3)]

    assert all(leaves_content(ready(user)) for user in users)


def test_the_server_outlives_the_user_that_started_it(checkout: Checkout) -> None:
    first = ready(checkout.user())
    second = ready(checkout.user())

    assert leaves_content(first)
    assert leaves_content(second)


def test_a_killed_user_counts_as_gone(checkout: Checkout) -> None:
    user = ready(checkout.user())

    user.kill()

    wait_for(lambda: not checkout.pid_file.exists())


def test_a_killed_server_comes_back_while_it_is_used(checkout: Checkout) -> None:
    user = ready(checkout.user())
    killed = checkout.postmaster()

    os.kill(killed, signal.SIGKILL)

    wait_for(lambda: checkout.pid_file.exists() and checkout.postmaster() != killed)
    assert leaves_content(ready(checkout.user()))
    assert leaves_content(user)


def test_a_server_whose_keeper_was_killed_is_kept_and_stopped_by_the_next(checkout: Checkout) -> None:
    user = ready(checkout.user())
    server = checkout.postmaster()
    os.kill(checkout.keeper(), signal.SIGKILL)
    assert leaves_content(user)

    keeper = checkout.run("-m", "config.embedded", "postgres")
    assert keeper.stdout is not None
    assert "answers" in keeper.stdout.readline()
    assert checkout.postmaster() == server

    keeper.terminate()
    wait_for(lambda: not checkout.pid_file.exists())


def test_a_number_left_by_a_killed_server_may_be_anothers_by_now(checkout: Checkout) -> None:
    user = ready(checkout.user())
    server = checkout.postmaster()
    for pid in (checkout.keeper(), server):
        os.kill(pid, signal.SIGKILL)
    user.kill()
    lines = checkout.pid_file.read_text(encoding="utf-8").split("\n")
    checkout.pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]), encoding="utf-8")

    assert leaves_content(ready(checkout.user()))


def test_a_second_keeper_waits_and_takes_over(checkout: Checkout) -> None:
    user = ready(checkout.user())
    first = checkout.keeper()
    second = checkout.run("-m", "config.embedded", "postgres")

    os.kill(first, signal.SIGKILL)

    wait_for(lambda: checkout.keeper() == second.pid)
    assert leaves_content(user)
    second.terminate()
    assert second.wait(PATIENCE) == 0


def test_what_is_queued_survives_a_restart_of_the_broker(checkout: Checkout) -> None:
    ready(checkout.user()).communicate()
    checkout.run("-c", f"{QUEUE}; queue.rpush('live', 'a message')").communicate()
    wait_for(lambda: not command_line(checkout.keeper("broker")))

    answer, _ = checkout.run("-c", f"{QUEUE}; print(queue.lrange('live', 0, -1))").communicate()

    assert answer.strip() == "[b'a message']"

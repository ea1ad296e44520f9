"""`make demo`: everything on one machine, with a stand-in Salesforce org.

Ctrl-C stops all of it; data stays in .lockstep, and the next start goes on from there.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from honcho.environ import parse_procfile
from honcho.manager import Manager

from config.demo_run import DemoRun, DemoRunProblem
from config.embedded import broker, leases, postgres
from config.embedded.locations import PROJECT, STATE, EmbeddedServerError

ANSWER_SECONDS = 120.0
STOPPED_BY_PERSON = {130, 143}


def main() -> int:
    run = DemoRun(STATE / "demo")
    try:
        environment = demo_environment()
        ports = {name: int(environment[name]) for name in ("PORT", "SANDBOX_PORT")}
        run.begin(environment["PUBLIC_URL"])
        run.stop_leftovers()
        refuse_ports_in_use(ports, environment.get("HOST", "127.0.0.1"))
        with embedded_servers():
            sign_ins = prepare_database(environment)
            announcement = (
                f"Lockstep answers at {environment['PUBLIC_URL']}. Sign in as\n{sign_ins}"
                f"The stand-in Salesforce answers at {environment['DEMO_SALESFORCE_URL']}. Ctrl-C stops both."
            )
            threading.Thread(target=announce, args=(ports, announcement), daemon=True).start()
            return run_processes(run, environment)
    except (DemoRunProblem, EmbeddedServerError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    except KeyboardInterrupt:
        return 0


def demo_environment() -> dict[str, str]:
    """The shell's environment, made to be a demo's; raises DemoRunProblem for ports that are none."""
    environment = {
        name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")
    }
    environment.setdefault("PORT", "8000")
    environment.setdefault("SANDBOX_PORT", "8900")
    for name in ("PORT", "SANDBOX_PORT"):
        if not environment[name].isdigit() or not 0 < int(environment[name]) < 65536:
            raise DemoRunProblem(f"{name} must be a number from 1 to 65535, not {environment[name]!r}.")
    environment.setdefault("PUBLIC_URL", f"http://localhost:{environment['PORT']}")
    environment["DEBUG"] = "on"
    environment["PYTHONUNBUFFERED"] = "1"
    environment["PYTHONWARNINGS"] = "ignore:You're running the worker with superuser"  # it's a demo
    environment["DEMO_SALESFORCE_URL"] = f"http://127.0.0.1:{environment['SANDBOX_PORT']}"
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', os.defpath)}"
    os.environ.update(environment)
    return environment


def refuse_ports_in_use(ports: dict[str, int], host: str) -> None:
    for name, port in ports.items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise DemoRunProblem(
                    f"Port {port} can't be used ({error.strerror}). Choose one: make demo {name}={port + 1}"
                ) from error


@contextlib.contextmanager
def embedded_servers() -> Iterator[None]:
    """Both up for preparations and processes alike, and down when this ends."""
    servers = (postgres.SERVER, broker.SERVER)
    try:
        with leases.in_use(servers[0]), leases.in_use(servers[1]):
            yield
    finally:
        for server in servers:
            leases.wait_until_stopped(server)


def prepare_database(environment: dict[str, str]) -> str:
    """Bring the tables up to date; returns one line a sign-in."""
    migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    if subprocess.run(migrate, cwd=PROJECT, env=environment, check=False).returncode != 0:
        raise DemoRunProblem("The database could not be brought up to date; the reason stands above.")
    made = subprocess.run(
        [sys.executable, "manage.py", "demo"],
        cwd=PROJECT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        raise DemoRunProblem("The demo's users could not be made; the reason stands above.")
    return made.stdout


def run_processes(run: DemoRun, environment: dict[str, str]) -> int:
    """Run Procfile.demo until Ctrl-C, or until one of its processes ends."""
    procfile = parse_procfile((PROJECT / "Procfile.demo").read_text(encoding="utf-8"))
    manager = Manager()
    for name, command in procfile.processes.items():
        manager.add_process(name, run.remembered(name, command), env=environment, cwd=str(PROJECT))
    signal.signal(signal.SIGHUP, lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    threading.Thread(target=run.identify_processes, daemon=True).start()
    manager.loop()
    run.end()
    return 0 if manager.returncode in STOPPED_BY_PERSON else int(manager.returncode or 0)


def announce(ports: dict[str, int], announcement: str) -> None:
    addresses = [f"http://127.0.0.1:{ports['PORT']}/healthz", f"http://127.0.0.1:{ports['SANDBOX_PORT']}/"]
    deadline = time.monotonic() + ANSWER_SECONDS
    while not all(map(answers, addresses)):
        if time.monotonic() > deadline:
            sys.stderr.write("Not everything answers yet; the lines above may say why.\n")
            return
        time.sleep(0.2)
    sys.stdout.write(f"\n{announcement}\n\n")
    sys.stdout.flush()


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as response:
            return bool(response.status < 500)
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())

"""An org of its own for every test, and a caller that needs no socket."""

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.org import Org
from sandbox.rest import data_routes
from sandbox.web import Headers, Request, Response, SessionUser

START = datetime(2026, 5, 13, 10, 0, 0, tzinfo=UTC)
SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "salesforce"


class HandClock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **step: float) -> None:
        self.now += timedelta(**step)


@pytest.fixture
def hand_clock() -> HandClock:
    return HandClock()


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new org's file, made once."""
    path = tmp_path_factory.mktemp("org") / "org.db"
    Org.open(path, clock=HandClock()).close()
    return path


@pytest.fixture
def org(founded: Path, tmp_path: Path, hand_clock: HandClock) -> Iterator[Org]:
    path = tmp_path / "org.db"
    shutil.copy(founded, path)
    opened = Org.open(path, clock=hand_clock)
    yield opened
    opened.close()


@pytest.fixture
def ada(org: Org) -> str:
    """The administrator's id."""
    return org.admin_id


Call = Callable[..., Response]


@pytest.fixture
def call(org: Org, ada: str) -> Call:
    """`call("GET", "/sobjects/Contact/003…")` against v60, as Ada; a full path is taken as it is."""
    routes = data_routes(org)

    def send(method: str, path: str, body: Any = None, **headers: str) -> Response:
        target = path if path.startswith("/services") else f"/services/data/v60.0{path}"
        request = Request.to(
            method,
            target,
            body=b"" if body is None else json.dumps(body).encode(),
            headers=Headers({name.replace("_", "-"): value for name, value in headers.items()}),
            user=SessionUser(ada, "ada"),
        )
        answer = routes.dispatch(request)
        assert answer is not None, f"no route for {target}"
        return answer

    return send


@pytest.fixture
def shared() -> Path:
    """The folder of real Salesforce answers; tests that need it are skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("the folder of recorded Salesforce answers is absent")
    return SHARED

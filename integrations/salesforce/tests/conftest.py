"""Doors onto a scripted server, that never really wait."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from integrations.salesforce.org import Org
from integrations.salesforce.tests.scripted_server import Answer, ScriptedServer, serving
from integrations.salesforce.tokens import StaticTokens

SECRET = "00D000000000001!SECRET"


@pytest.fixture
def serve() -> Iterator[Callable[..., ScriptedServer]]:
    """Starts servers that answer what they are given and stops them after the test."""
    with ExitStack() as stack:

        def start(*answers: Answer) -> ScriptedServer:
            return stack.enter_context(serving(*answers))

        yield start


@pytest.fixture
def door(serve: Callable[..., ScriptedServer]) -> Iterator[Callable[..., tuple[Org, ScriptedServer]]]:
    """An Org that meets the answers given, and the server that gives them."""
    with ExitStack() as stack:

        def open_door(*answers: Answer) -> tuple[Org, ScriptedServer]:
            server = serve(*answers)
            org = Org(StaticTokens(SECRET, server.url), timeout=(2.0, 2.0), sleep=lambda seconds: None)
            stack.callback(org.close)
            return org, server

        yield open_door

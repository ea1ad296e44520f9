"""Answers recorded from real orgs go through the door; skipped where the recordings are not here."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from integrations.salesforce.org import Org
from integrations.salesforce.rows import SubRequest
from integrations.salesforce.tests.scripted_server import Answer, ScriptedServer

OpenDoor = Callable[..., tuple[Org, ScriptedServer]]

RECORDED = Path(__file__).parents[4] / "shared" / "salesforce" / "exchanges.jsonl"

pytestmark = pytest.mark.skipif(not RECORDED.exists(), reason="recorded exchanges are not here")


def exchanges(method: str, part: str) -> Iterator[dict[str, Any]]:
    for line in RECORDED.read_text().splitlines():
        exchange = json.loads(line)
        if exchange["method"] == method and part in exchange["uri"] and exchange["status"]["code"] == 200:
            yield exchange


def asked(exchange: dict[str, Any]) -> Any:
    body = exchange["requestBody"]
    return json.loads(body) if isinstance(body, str) else body


def test_pages_of_queries_are_read(door: OpenDoor) -> None:
    bodies = [item["body"] for item in exchanges("GET", "/query/?q=") if "tooling" not in item["uri"]]
    org, _ = door(*(Answer(body) for body in bodies))
    pages = [org.query_page("SELECT Id FROM Account") for _ in bodies]
    assert [page.records for page in pages] == [body["records"] for body in bodies]


def test_rows_of_collections_are_read(door: OpenDoor) -> None:
    for exchange in exchanges("PATCH", "/composite/sobjects/Contact"):
        records = asked(exchange)["records"]
        org, _ = door(Answer(exchange["body"]))
        rows = org.upsert_many("Contact", "Email", records)
        assert [row.id for row in rows] == [row["id"] for row in exchange["body"]]
        assert all(row.created is not None for row in rows)


def test_answers_of_composites_are_read(door: OpenDoor) -> None:
    for exchange in exchanges("POST", "/composite"):
        answers = exchange["body"]["compositeResponse"] if isinstance(exchange["body"], dict) else []
        org, _ = door(Answer(exchange["body"]))
        requests = [SubRequest(item["referenceId"], "GET", "query") for item in answers]
        read = org.composite(requests) if requests else []
        assert [bool(item.error) for item in read] == [item["httpStatusCode"] >= 400 for item in answers]

"""A merge made here while a push has taken one of the two out of the outbox already (spec C9, D9)."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from django.db import connection as database
from django.db import connections

from crm import merging
from crm.models import Contact
from integrations.merging import here
from integrations.models import OutboxEntry, RecordLink
from integrations.tests.pull.seller import Seller
from integrations.tests.push.pushing import Desk

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 60  # seconds
WAITING_FOR_A_LOCK = "SELECT count(*) FROM pg_locks WHERE NOT granted"


@pytest.fixture
def workers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def closing(act: Callable[[], Any]) -> Any:
    try:
        return act()
    finally:
        connections.close_all()


def until(happens: Callable[[], bool]) -> None:
    give_up = time.monotonic() + PATIENCE
    while not happens():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def somebody_waits() -> bool:
    with database.cursor() as cursor:
        cursor.execute(WAITING_FOR_A_LOCK)
        return bool((cursor.fetchone() or (0,))[0])


def test_who_is_merged_away_in_the_middle_of_a_push_isnt_created_there(
    desk: Desk, seller: Seller, workers: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"Raced {time.monotonic_ns()}"
    loser = desk.create(Contact, last_name=name, title="Loser")
    survivor = desk.create(Contact, last_name=name, title="Survivor")
    folded, go_on = Event(), Event()

    def fold(kind: str, pairs: Any) -> None:
        merging.fold(kind, pairs)
        folded.set()
        assert go_on.wait(PATIENCE)

    monkeypatch.setattr(here, "fold", fold)
    merge = workers.submit(
        closing,
        lambda: here.merge_here(
            kind="contact", survivor_id=survivor.pk, loser_id=loser.pk, user=None, now=desk.clock()
        ),
    )
    assert folded.wait(PATIENCE)
    push = workers.submit(closing, desk.push)
    until(lambda: OutboxEntry.objects.filter(state="in_flight").exists() and somebody_waits())
    go_on.set()
    merge.result(PATIENCE)
    push.result(PATIENCE)
    desk.push_all()
    assert seller.one(f"SELECT COUNT(Id) n FROM Contact WHERE LastName = '{name}'")["n"] == 1
    assert RecordLink.objects.get(kind="contact").record_id == survivor.pk
    assert not OutboxEntry.objects.exists()

"""What a comparison costs (spec C3), waits for, and loses when it is killed."""

from math import ceil

import pytest

from integrations import failpoints
from integrations.models import Connection, RecordLink, SyncRun, SyncSettings
from integrations.sync.pull import extract
from integrations.sync.pull.extract import wait_after
from integrations.tests.pull import live
from integrations.tests.pull.checking import contact, die, only, started, tally_of
from integrations.tests.pull.live import Clock
from integrations.tests.pull.seller import Seller
from integrations.tests.sandbox_process import SandboxOrg

pytestmark = pytest.mark.django_db(transaction=True)


def cost(connection: Connection, org: SandboxOrg) -> tuple[int, SyncRun]:
    """The data calls of a check, as the org and we count them."""
    org.control("DELETE", "/requests")
    run = live.finish(started(connection))
    calls = org.control("GET", "/requests/counts")["api_calls"]
    assert run.api_calls == calls
    return calls, run


def allowed(run: SyncRun) -> int:
    return sum(ceil(child.read / 2000) for child in run.children.all())


def test_it_costs_a_call_for_each_two_thousand_records_at_most(
    pulled: Connection, demo_org: SandboxOrg
) -> None:
    demo_org.control("POST", "/generate", {"object": "Contact", "count": 4500})
    live.pull(pulled)
    RecordLink.objects.filter(pk__in=RecordLink.objects.values("pk")[:3]).update(reread=True)
    calls, run = cost(pulled, demo_org)
    assert calls <= allowed(run)


def test_so_many_that_a_pull_reads_them_by_a_job_cost_no_more(
    pulled: Connection, demo_org: SandboxOrg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extract, "BULK_FROM", 0)
    demo_org.control("POST", "/faults", {"name": "bulk_job_slow", "match": {"times": 0}})
    calls, run = cost(pulled, demo_org)
    assert calls <= allowed(run)


def test_with_a_pull_filter_those_that_meet_it_are_read_once_more(
    pulled: Connection, demo_org: SandboxOrg
) -> None:
    everyone = {"field": "LastName", "operator": "filled"}
    SyncSettings.objects.update(filters={"Contact": [everyone]})
    live.pull(pulled)
    calls, run = cost(pulled, demo_org)
    assert calls <= allowed(run) + ceil(run.children.get(object="Contact").read / 2000)


def test_a_job_is_asked_after_less_often_the_longer_it_lasts() -> None:
    lasted, asked = 0.0, 1
    while lasted < 60:
        lasted += wait_after(lasted)
        asked += 1
    assert [wait_after(seconds) for seconds in (0, 1, 2)] == [1, 1, 1]
    assert (asked, wait_after(600)) == (12, 30)


def test_a_job_that_lasts_is_asked_after_every_half_a_minute(
    pulled: Connection, demo_org: SandboxOrg, bulk: None
) -> None:
    made = {"method": "POST", "path": "/jobs/query"}
    demo_org.control("POST", "/faults", {"name": "bulk_job_slow", "match": made})
    run, org, clock = started(pulled), live.door(pulled), Clock()
    waits = []
    for _ in range(2):
        assert not live.slice_of(run, org=org, clock=clock)
        run.refresh_from_db()
        assert run.lease_until is not None
        waits.append(round((run.lease_until - clock()).total_seconds()))
        clock.skip_to(run.lease_until)
        demo_org.control("POST", "/clock", {"advance": 600})
    org.close()
    assert waits == [1, 30]


def test_it_goes_on_where_it_was_killed(
    pulled: Connection, seller: Seller, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact(seller)
    monkeypatch.setattr("integrations.sync.pull.tally.CHUNK_ROWS", 100)
    run, org = started(pulled, repairs=True), live.door(pulled)
    failpoints.arm("check.chunk counted:3", die)
    with pytest.raises(KeyboardInterrupt):
        live.slice_of(run, org=org)
    org.close()
    SyncRun.objects.filter(pk=run.pk).update(lease_until=None)
    tally = tally_of(live.finish(run))
    assert only(tally) == {"missing_here": 1, "repaired": 1}
    assert tally["here"] == tally["there"] - 1

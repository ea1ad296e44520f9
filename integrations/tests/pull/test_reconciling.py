"""Comparing all of both sides (spec C3): nothing is missed, nothing is deleted for not being seen."""

from math import ceil
from typing import Any
from uuid import uuid4

import pytest

from crm.journal import uncaptured
from crm.models import Contact, Kind
from crm.tests.factories import make_user
from integrations import failpoints
from integrations.configuration.agreements import outdate_agreements
from integrations.models import (
    Connection,
    FieldConflict,
    OutboxEntry,
    RecordLink,
    SyncedObject,
    SyncError,
    SyncRun,
    SyncSettings,
)
from integrations.not_visible import mark_gone, not_visible
from integrations.sync.pull import extract
from integrations.sync.pull.extract import wait_after
from integrations.sync.pull.runs import start_check
from integrations.sync.pull.tally import DRIFT, PROMISED
from integrations.sync.refusals import Refused
from integrations.tests.pull import live
from integrations.tests.pull.live import Clock
from integrations.tests.pull.seller import Seller
from integrations.tests.push.pushing import Desk
from integrations.tests.sandbox_process import SandboxOrg
from mappings.models import FieldMap

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pulled(connection: Connection) -> Connection:
    live.first_pull(connection)
    return connection


@pytest.fixture
def desk(pulled: Connection) -> Desk:
    return Desk(pulled)


def started(connection: Connection, *, repairs: bool = False) -> SyncRun:
    return start_check(connection=connection, trigger=SyncRun.Trigger.MANUAL, repairs=repairs, now=Clock()())


def check(connection: Connection, *, repairs: bool = False) -> dict[str, int]:
    """What it found of the contacts."""
    return tally_of(live.finish(started(connection, repairs=repairs)))


def tally_of(run: SyncRun, name: str = "Contact") -> dict[str, int]:
    assert run.state == "succeeded", run.error
    counts = run.children.get(object=name).counts
    return {key: counts[key] for key in PROMISED}


def only(tally: dict[str, int]) -> dict[str, int]:
    """What isn't as it should be."""
    return {key: count for key, count in tally.items() if count and key not in ("here", "there")}


def contact(seller: Seller, **values: Any) -> str:
    return seller.create("Contact", LastName=f"Checked {uuid4().hex}", **values)


def link_of(salesforce_id: str) -> RecordLink:
    return RecordLink.objects.get(salesforce_id=salesforce_id)


def change_silently(org: SandboxOrg, name: str, salesforce_id: str, **values: Any) -> None:
    """As nothing in Salesforce does: its stamp stays."""
    org.control("PATCH", f"/records/{name}/{salesforce_id}", values)


def test_in_step_nothing_is_found(pulled: Connection) -> None:
    tally = check(pulled)
    assert only(tally) == {}
    assert tally["here"] == tally["there"] > 0


def test_one_changed_field_is_found_and_repaired_though_no_stamp_moved(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg
) -> None:
    salesforce_id = contact(seller, Title="Before")
    live.pull(pulled)
    change_silently(demo_org, "Contact", salesforce_id, Title="After")
    assert only(check(pulled)) == {"different": 1}
    assert only(check(pulled, repairs=True)) == {"different": 1, "repaired": 1}
    assert Contact.objects.get(pk=link_of(salesforce_id).record_id or 0).title == "After"
    assert only(check(pulled)) == {}


def test_a_record_made_here_and_not_read_since_is_the_same(pulled: Connection, desk: Desk) -> None:
    desk.create(Contact, last_name="Made here", title="Sent")
    desk.push_all()
    assert only(check(pulled)) == {}


def test_what_is_left_out_on_purpose_is_counted_apart(pulled: Connection, seller: Seller, desk: Desk) -> None:
    mail = f"{uuid4().hex}@same.example"
    salesforce_id = contact(seller, Email=mail)
    seller.create("Lead", LastName="Same", Company="Ltd", Email=mail)
    live.pull(pulled)
    before = counts_of(pulled, "Lead")
    desk.delete(Contact.objects.get(pk=link_of(salesforce_id).record_id or 0))
    desk.push_all()
    for name in ("Lead", "Contact"):
        counts = counts_of(pulled, name)
        assert counts["here"] + counts["left_out"] == counts["there"]
        assert not any(counts[key] for key in DRIFT)
    assert counts_of(pulled, "Lead") == before


def counts_of(connection: Connection, name: str) -> dict[str, int]:
    run = live.finish(started(connection))
    assert run.state == "succeeded", run.error
    return dict(run.children.get(object=name).counts)


def test_what_is_missing_here_is_brought(pulled: Connection, seller: Seller) -> None:
    salesforce_id = contact(seller)
    live.pull(pulled)
    link_of(salesforce_id).delete()
    assert only(check(pulled)) == {"missing_here": 1}
    check(pulled, repairs=True)
    assert link_of(salesforce_id).state == "linked"


@pytest.mark.parametrize("sync", [True, False])
def test_what_was_deleted_there_is_missing_there_and_a_repair_deletes_nothing(
    pulled: Connection, seller: Seller, sync: bool
) -> None:
    SyncSettings.objects.update(contacts_delete_sync=sync)
    salesforce_id = contact(seller)
    live.pull(pulled)
    seller.delete("Contact", salesforce_id)
    assert only(check(pulled)) == {"missing_there": 1}
    check(pulled, repairs=True)
    link = link_of(salesforce_id)
    assert link.state == "gone"
    assert Contact.objects.filter(pk=link.record_id or 0).exists()
    live.pull(pulled)  # which does what deletion sync says
    assert Contact.objects.filter(pk=link.record_id or 0).exists() is not sync


@pytest.mark.parametrize("fate", ["purged", "hidden"])
def test_what_isnt_shown_any_more_is_listed_and_left_alone(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg, fate: str
) -> None:
    SyncSettings.objects.update(contacts_delete_sync=True)
    salesforce_id = contact(seller)
    live.pull(pulled)
    if fate == "purged":
        demo_org.control("POST", f"/records/Contact/{salesforce_id}/purge", {})
    else:
        hide(demo_org, salesforce_id, True)
    assert only(check(pulled, repairs=True)) == {"not_visible": 1}
    link = link_of(salesforce_id)
    assert (link.state, list(not_visible())) == ("linked", [link])
    if fate == "hidden":
        hide(demo_org, salesforce_id, False)
        assert only(check(pulled)) == {}
        assert link_of(salesforce_id).not_visible_since is None


def test_what_was_linked_during_the_check_is_not_taken_for_hidden(pulled: Connection) -> None:
    run, org = started(pulled), live.door(pulled)
    failpoints.arm("check.chunk counted", _die)
    with pytest.raises(KeyboardInterrupt):
        live.slice_of(run, org=org)
    org.close()
    SyncRun.objects.filter(pk=run.pk).update(lease_until=None)
    made = RecordLink(connection=pulled, salesforce_object="Account", salesforce_id="001000000000XXXAAA")
    made.kind, made.record_id = Kind.ACCOUNT, 9**9
    made.save()
    assert tally_of(live.finish(run), "Account")["not_visible"] == 0
    assert tally_of(live.finish(started(pulled)), "Account")["not_visible"] == 1


def test_many_that_are_no_longer_shown_are_marked_and_unmarked_in_batches(
    pulled: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.sync.pull.tally.AT_ONCE", 2)
    links = RecordLink.objects.filter(salesforce_object="Contact", state="linked")
    ids = dict(links.order_by("pk").values_list("pk", "salesforce_id")[:5])
    for number, pk in enumerate(ids):
        links.filter(pk=pk).update(salesforce_id=f"003HIDDEN{number:06}AAA")
    live.finish(started(pulled))
    assert set(not_visible().values_list("pk", flat=True)) == set(ids)
    for pk, salesforce_id in ids.items():
        links.filter(pk=pk).update(salesforce_id=salesforce_id)
    live.finish(started(pulled))
    assert not not_visible().exists()


def hide(org: SandboxOrg, salesforce_id: str, hidden: bool) -> None:
    body = {"username": "integration@acme.example", "hidden": hidden}
    org.control("POST", f"/records/Contact/{salesforce_id}/hide", body)


def test_a_pull_that_sees_it_again_takes_it_off_the_list(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg
) -> None:
    salesforce_id = contact(seller)
    live.pull(pulled)
    hide(demo_org, salesforce_id, True)
    check(pulled)
    hide(demo_org, salesforce_id, False)
    seller.change("Contact", salesforce_id, Title="Seen again")
    live.pull(pulled)
    assert not not_visible().exists()


def test_an_admin_may_mark_it_gone(pulled: Connection, seller: Seller, demo_org: SandboxOrg) -> None:
    salesforce_id = contact(seller)
    live.pull(pulled)
    person = Contact.objects.get(pk=link_of(salesforce_id).record_id or 0)
    demo_org.control("POST", f"/records/Contact/{salesforce_id}/purge", {})
    check(pulled)
    person.change({"title": "Never sent"})
    ids = list(not_visible().values_list("pk", flat=True))
    assert (mark_gone(ids, user=None, now=Clock()()), mark_gone(ids, user=None, now=Clock()())) == (1, 0)
    assert (link_of(salesforce_id).state, Contact.objects.filter(pk=person.pk).exists()) == ("gone", True)
    synced = SyncedObject.objects.get(name="Contact")
    linked = RecordLink.objects.filter(salesforce_object="Contact", state="linked")
    assert (synced.linked, synced.gone, synced.drift["not_visible"]) == (linked.count(), 1, 0)


def test_a_lead_left_out_for_one_marked_gone_is_pulled(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg
) -> None:
    mail = f"{uuid4().hex}@tests.example"
    contact_id = contact(seller, Email=mail)
    lead_id = seller.create("Lead", LastName="Left out", Company="Acme", Email=mail)
    live.pull(pulled)
    demo_org.control("POST", f"/records/Contact/{contact_id}/purge", {})
    check(pulled)
    mark_gone(list(not_visible().values_list("pk", flat=True)), user=None, now=Clock()())
    live.pull(pulled)
    assert link_of(lead_id).state == "linked"


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
    failpoints.arm("check.chunk counted:3", _die)
    with pytest.raises(KeyboardInterrupt):
        live.slice_of(run, org=org)
    org.close()
    SyncRun.objects.filter(pk=run.pk).update(lease_until=None)
    tally = tally_of(live.finish(run))
    assert only(tally) == {"missing_here": 1, "repaired": 1}
    assert tally["here"] == tally["there"] - 1


def _die() -> None:
    raise KeyboardInterrupt


def test_the_next_pull_after_a_check_goes_on_where_it_stood(pulled: Connection, seller: Seller) -> None:
    before = SyncedObject.objects.get(name="Contact").watermark
    check(pulled)
    synced = SyncedObject.objects.get(name="Contact")
    assert synced.watermark == synced.staged == before
    salesforce_id = contact(seller)
    run = live.pull(pulled)
    assert not run.children.get(object="Contact").full
    assert link_of(salesforce_id).state == "linked"


def test_what_a_check_found_stands_beside_the_object(
    pulled: Connection, seller: Seller, demo_org: SandboxOrg
) -> None:
    salesforce_id = contact(seller)
    live.pull(pulled)
    change_silently(demo_org, "Contact", salesforce_id, Title="Silently")
    check(pulled)
    drift = SyncedObject.objects.get(name="Contact").drift
    assert drift == {"missing_here": 0, "missing_there": 0, "different": 1, "not_visible": 0}
    check(pulled, repairs=True)
    assert not any(SyncedObject.objects.get(name="Contact").drift.values())


def test_none_starts_in_the_window_or_beside_a_pull(pulled: Connection) -> None:
    live.start(pulled)
    with pytest.raises(Refused, match="running already"):
        started(pulled)
    Connection.objects.filter(pk=pulled.pk).update(activated_at=None)
    pulled.refresh_from_db()
    with pytest.raises(Refused, match="set up"):
        started(pulled)


def edit_silently(salesforce_id: str, **values: Any) -> None:
    """As a restored backup does, or SQL past the triggers."""
    with uncaptured():
        Contact.objects.filter(pk=link_of(salesforce_id).record_id or 0).update(**values)


@pytest.fixture
def linked(pulled: Connection, seller: Seller) -> str:
    """A contact in step."""
    salesforce_id = contact(seller, Title="Agreed", Phone="1")
    live.pull(pulled)
    return salesforce_id


def test_an_edit_that_nobody_sends_is_found_and_a_repair_sends_it(
    pulled: Connection, desk: Desk, seller: Seller, linked: str
) -> None:
    edit_silently(linked, title="Edited", phone="")
    assert only(check(pulled)) == {"different": 1}
    assert not OutboxEntry.objects.exists()
    assert only(check(pulled, repairs=True)) == {"different": 1, "repaired": 1}
    desk.push_all()
    there = seller.one(f"SELECT Title, Phone FROM Contact WHERE Id = '{linked}'")
    assert (there["Title"], there["Phone"]) == ("Edited", None)
    assert only(check(pulled)) == {}


def test_an_edit_that_waits_is_no_difference(pulled: Connection, desk: Desk, linked: str) -> None:
    desk.change(Contact.objects.get(pk=link_of(linked).record_id or 0), title="Edited")
    assert only(check(pulled)) == {}


def test_an_edit_that_was_refused_is_no_difference(pulled: Connection, linked: str) -> None:
    edit_silently(linked, title="Edited")
    record = link_of(linked).record_id
    times = {"created_at": Clock()(), "changed_at": Clock()()}
    SyncError.objects.create(
        connection=pulled, source="push", kind="contact", record_id=record, code="REFUSED", **times
    )
    assert only(check(pulled)) == {}


@pytest.mark.parametrize("direction", ["pull", "push"])
def test_what_only_comes_in_may_differ_and_what_only_goes_out_may_not(
    pulled: Connection, linked: str, direction: str
) -> None:
    FieldMap.objects.filter(object="Contact", field="title").update(direction=direction)
    edit_silently(linked, title="Edited")
    assert only(check(pulled)) == ({"different": 1} if direction == "push" else {})


def test_an_owner_whom_salesforce_cannot_be_told_is_no_difference(pulled: Connection, linked: str) -> None:
    edit_silently(linked, owner=make_user())
    assert only(check(pulled)) == {}


def test_an_open_question_is_no_difference(
    pulled: Connection, seller: Seller, desk: Desk, linked: str
) -> None:
    FieldMap.objects.filter(object="Contact", field="title").update(conflict="ask")
    edit_silently(linked, title="Edited")
    seller.change("Contact", linked, Title="There")
    live.pull(pulled)
    assert FieldConflict.objects.filter(state="open").count() == 1
    assert only(check(pulled)) == {}


def test_what_a_match_kept_is_no_difference(pulled: Connection, seller: Seller, desk: Desk) -> None:
    mail = f"{uuid4().hex}@same.example"
    with uncaptured():
        Contact.objects.create(last_name="Same", email=mail, title="Only here")
    seller.create("Contact", LastName="Same", Email=mail)
    live.pull(pulled, trigger=SyncRun.Trigger.MANUAL)
    assert Contact.objects.get(email=mail).title == "Only here"
    assert only(check(pulled)) == {}


def test_a_field_whose_map_just_changed_is_no_difference(pulled: Connection, linked: str) -> None:
    edit_silently(linked, title="Edited")
    outdate_agreements(pulled, "Contact", ["Title"], reread=False)
    assert only(check(pulled)) == {}


def test_a_reference_that_nobody_made_blank_is_no_difference(
    pulled: Connection, seller: Seller, linked: str
) -> None:
    """Its account was let go here, and comes back: nobody took the person out of it."""
    account = seller.create("Account", Name="Back again")
    seller.change("Contact", linked, AccountId=account)
    live.pull(pulled)
    edit_silently(linked, account=None)
    assert only(check(pulled)) == {}

"""Comparing all of both sides (spec C3): nothing is missed, nothing is deleted for not being seen."""

from uuid import uuid4

import pytest

from crm.models import Contact, Kind
from integrations import failpoints
from integrations.models import Connection, RecordLink, SyncedObject, SyncRun, SyncSettings
from integrations.not_visible import mark_gone, not_visible
from integrations.sync.pull.tally import DRIFT
from integrations.sync.refusals import Refused
from integrations.tests.pull import live
from integrations.tests.pull.checking import change_silently, check, contact, die, only, started, tally_of
from integrations.tests.pull.live import Clock, link_of
from integrations.tests.pull.seller import Seller
from integrations.tests.push.pushing import Desk
from integrations.tests.sandbox_process import SandboxOrg

pytestmark = pytest.mark.django_db(transaction=True)


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
    failpoints.arm("check.chunk counted", die)
    with pytest.raises(KeyboardInterrupt):
        live.slice_of(run, org=org)
    org.close()
    SyncRun.objects.filter(pk=run.pk).update(lease_until=None)
    made = RecordLink(connection=pulled, salesforce_object="Account", salesforce_id="001000000000404AAA")
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

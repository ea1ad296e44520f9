"""One refused read, search or call stops only its own rows; an edit goes before a backfill."""

from datetime import timedelta
from typing import Any

import pytest

from crm.models import Account, Contact
from integrations.models import OutboxEntry, RecordLink, SyncError, SyncSettings
from integrations.salesforce.org import Org
from integrations.sync.push.drain import drain
from integrations.tests.pull import live
from integrations.tests.push.pushing import Desk, fault, push_once, states
from integrations.tests.sandbox_process import SandboxOrg

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_read_that_is_refused_stops_its_object_only(desk: Desk, org: SandboxOrg) -> None:
    account = desk.create(Account, name="Read Ltd")
    desk.push()
    fault(org, "no_access", method="POST", path="composite/sobjects/Account", times=0)
    desk.change(account, phone="1")
    desk.create(Contact, last_name="Goes on")
    assert desk.push().created == 1
    assert SyncError.objects.exclude(state="closed").get().code == "INSUFFICIENT_ACCESS_OR_READONLY"


def test_a_slow_search_for_a_lost_create_stops_nothing_else(desk: Desk, org: SandboxOrg) -> None:
    desk.create(Account, name="Lost Ltd")
    fault(org, "cut_after", operation="create")
    push_once(desk)
    fault(org, "query_timeout", path="query", times=0)
    desk.clock.skip_to(desk.clock() + timedelta(seconds=30))
    desk.create(Contact, last_name="Goes on")
    assert desk.push().created == 1


def test_a_search_that_is_refused_leaves_other_objects_searched(desk: Desk, org: SandboxOrg) -> None:
    desk.create(Account, name="Refused Ltd")
    desk.create(Contact, last_name="Found")
    fault(org, "cut_after", operation="create", times=2)
    push_once(desk)
    org.control("DELETE", "/faults")
    fault(org, "no_access", operation="query", object="Account", times=0)
    desk.clock.skip_to(desk.clock() + timedelta(seconds=30))
    desk.push()
    desk.push()
    assert states() == [("account", "unknown")]


def test_a_server_that_fails_again_and_again_is_asked_less_and_less(desk: Desk, org: SandboxOrg) -> None:
    desk.create(Contact, last_name="Again")
    fault(org, "row_locked", operation="create", times=0)
    desk.clock.stop()  # else what waits for a moment only is tried again by the same push
    for _ in range(3):
        desk.push()
        desk.clock.skip_to(OutboxEntry.objects.get().not_before + timedelta(milliseconds=1))
    assert OutboxEntry.objects.get().attempts == 3
    assert SyncError.objects.get().state == "retrying"


def test_a_block_between_two_halves_leaves_no_row_in_flight(desk: Desk, org: SandboxOrg) -> None:
    desk.create(Contact, last_name="First half")
    desk.create(Contact, last_name="Second half")
    fault(org, "no_access", operation="create", times=1)
    fault(org, "concurrent_limit", operation="create", times=0)
    desk.push()
    assert states() == [("contact", "pending"), ("contact", "pending")]


def test_a_live_edit_goes_before_a_backfill_of_another_kind(desk: Desk) -> None:
    for n in range(3):
        desk.create(Account, name=f"Backfill {n} Ltd")
    OutboxEntry.objects.update(live=False, backfill=True)
    edited = desk.create(Contact, last_name="Live")
    org = live.door(desk.connection)
    drain(desk.connection, org, clock=desk.clock, seconds=60, most=1, rounds=1)
    org.close()
    links = RecordLink.objects.order_by("id").values_list("kind", "record_id")
    assert links[0] == ("contact", edited.pk)


def test_deletion_sync_switched_off_holds_for_what_is_claimed_next(desk: Desk) -> None:
    SyncSettings.objects.update(contacts_delete_sync=True)
    people = [desk.create(Contact, last_name=f"Switch {n}") for n in range(2)]
    desk.push()
    Contact.objects.filter(pk__in=[person.pk for person in people]).delete()

    class Switching(Org):
        def delete_many(self, ids: Any) -> Any:
            SyncSettings.objects.update(contacts_delete_sync=False)
            return super().delete_many(ids)

    org = Switching(live.door(desk.connection)._tokens)
    tally = drain(desk.connection, org, clock=desk.clock, seconds=60, most=1)
    org.close()
    assert tally.deleted == 1


def test_a_session_that_no_refresh_cures_is_not_tried_for_ever(desk: Desk, org: SandboxOrg) -> None:
    desk.create(Contact, last_name="Session")
    fault(org, "session_expired", operation="create", times=0)
    desk.push()
    desk.connection.refresh_from_db()
    soon = desk.clock() + timedelta(seconds=10)
    assert desk.connection.state == "needs_sign_in" or OutboxEntry.objects.get().not_before > soon

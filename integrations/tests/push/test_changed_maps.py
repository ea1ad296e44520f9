"""A map that is changed while an edit goes out: what the map before has agreed on is no agreement (spec C11)."""

from datetime import timedelta
from threading import Thread
from typing import Any

import pytest

from crm.models import Contact
from integrations import failpoints
from integrations.configuration import export_configuration, import_configuration
from integrations.models import OutdatedAgreement, RecordLink
from integrations.sync.push import settle
from integrations.sync.push.compose import Composer
from integrations.tests.factories import NOW
from integrations.tests.pull.live import save_map
from integrations.tests.pull.pulling import start_meanwhile
from integrations.tests.pull.seller import Seller
from integrations.tests.push.pushing import Desk, fault, push_once, states
from integrations.tests.sandbox_process import SandboxOrg

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def edited(desk: Desk, seller: Seller) -> Contact:
    """Its title has been "Theirs" there and "Buyer" here since before it was mapped; its phone waits to go out."""
    person: Contact = desk.create(Contact, last_name="Mapped", title="Buyer")
    desk.push()
    link = desk.link_of(person)
    RecordLink.objects.filter(pk=link.pk).update(base=link.base | {"Title": "Theirs"})
    seller.change("Contact", link.salesforce_id, Title="Theirs")
    desk.change(person, phone="123")
    return person


def test_it_is_worked_off_before_a_push_compares(desk: Desk, edited: Contact) -> None:
    save_map(desk.connection, "Contact", "Title")
    desk.push()
    edited.refresh_from_db()
    assert (edited.title, OutdatedAgreement.objects.exists()) == ("Theirs", False)


def test_one_saved_after_the_claim_counts_too(desk: Desk, seller: Seller, edited: Contact) -> None:
    failpoints.arm("push.claimed", lambda: save_map(desk.connection, "Contact", "Title"))
    assert desk.push().updated == 1
    there = seller.one(f"SELECT Title, Phone FROM Contact WHERE Id = '{desk.link_of(edited).salesforce_id}'")
    assert (there["Title"], there["Phone"]) == ("Theirs", "123")


def test_what_was_planned_before_it_was_saved_is_planned_anew(
    desk: Desk, seller: Seller, edited: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.change(edited, title="Typed")
    read, saved = Composer._read, list[object]()

    def read_and_save(composer: Composer, *arguments: Any) -> Any:
        rows = read(composer, *arguments)
        if not saved:
            rows_of_map = export_configuration()["maps"]["Contact"]
            title = [{**row, "salesforce": "Department"} for row in rows_of_map if row["field"] == "title"]
            others = [
                row for row in rows_of_map if row["field"] != "title" and row["salesforce"] != "Department"
            ]
            saved.append(import_configuration({"maps": {"Contact": others + title}}, actor=None, now=NOW))
        return rows

    monkeypatch.setattr(Composer, "_read", read_and_save)
    desk.push()
    there = seller.one(
        f"SELECT Title, Department FROM Contact WHERE Id = '{desk.link_of(edited).salesforce_id}'"
    )
    assert (there["Title"], there["Department"]) == ("Theirs", "Typed")


def test_the_answer_to_an_update_agrees_only_on_what_is_mapped_as_it_was(desk: Desk, edited: Contact) -> None:
    desk.change(edited, title="Typed")
    RecordLink.objects.update(base={"Title": "Theirs", "Phone": None})
    failpoints.arm("push.marked", lambda: save_map(desk.connection, "Contact", "Title", dropped=True))
    desk.push()
    base = desk.link_of(edited).base
    assert (base["Phone"], "Title" in base) == ("123", False)


def test_so_does_the_answer_to_a_create(desk: Desk, seller: Seller) -> None:
    person = desk.create(Contact, last_name="New", title="Buyer")
    failpoints.arm("push.marked", lambda: save_map(desk.connection, "Contact", "Title", dropped=True))
    desk.push()
    link = desk.link_of(person)
    assert (link.base["LastName"], "Title" in link.base) == ("New", False)
    assert seller.one(f"SELECT Title FROM Contact WHERE Id = '{link.salesforce_id}'")["Title"] == "Buyer"


def test_so_does_a_create_that_is_found_after_its_answer_was_lost(desk: Desk, org: SandboxOrg) -> None:
    person = desk.create(Contact, last_name="Lost", title="Buyer")
    fault(org, "cut_after", operation="create")
    push_once(desk)
    assert states() == [("contact", "unknown")]
    save_map(desk.connection, "Contact", "Title", dropped=True)
    desk.clock.skip_to(desk.clock() + timedelta(seconds=30))
    assert desk.push().adopted == 1
    assert (desk.link_of(person).base["LastName"], "Title" in desk.link_of(person).base) == ("Lost", False)


def test_a_create_is_known_by_its_e_mail_all_the_same(desk: Desk) -> None:
    person = desk.create(Contact, last_name="New", email="a@b.example")
    failpoints.arm("push.marked", lambda: save_map(desk.connection, "Contact", "Email", dropped=True))
    desk.push()
    assert desk.link_of(person).match_key == "a@b.example"


def test_a_filter_and_a_map_are_saved_while_a_create_is_settled(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {
        "settings": {"pull": {"filters": {"Contact": [{"field": "Title", "operator": "filled"}]}}},
        "values": {"Contact.LeadSource": {"Web": "Search"}},
    }
    count, savers, changes = settle.count_pushed, list[Thread](), list[Any]()

    def save() -> None:
        changes.extend(import_configuration(wanted, actor=None, now=NOW))

    def count_beside(*arguments: Any, **more: Any) -> None:
        if not savers:
            savers.append(start_meanwhile(save))
        count(*arguments, **more)

    desk.create(Contact, last_name="New", source="Web")
    monkeypatch.setattr(settle, "count_pushed", count_beside)
    assert desk.push().created == 1
    savers[0].join()
    assert len(changes) == 2

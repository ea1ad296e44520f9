import pytest

from crm.models import Contact, JournalEntry
from integrations.models import OutboxEntry, SyncedObject, SyncSettings
from integrations.sync.visibility import apply_visibility, to_show_or_hide
from integrations.tests import factories
from integrations.tests.factories import row
from integrations.tests.pull.pulling import pull_rows

pytestmark = pytest.mark.django_db


def hide(*objects: str) -> None:
    settings = SyncSettings.current()
    settings.hidden_objects = list(objects)
    settings.save()


def test_hidden_people_leave_the_view_and_come_back() -> None:
    live = factories.connection()
    factories.schemas(live)
    pull_rows(live, "Contact", [row("Contact", 1, LastName="Lovelace"), row("Contact", 2, LastName="Byron")])
    hide("Contact")
    apply_visibility(live, "Contact")
    assert Contact.objects.filter(hidden=True).count() == SyncedObject.objects.get(name="Contact").hidden == 2
    hide()
    apply_visibility(live, "Contact")
    assert not Contact.objects.filter(hidden=True).exists()


def test_hiding_is_nothing_to_journal_or_push() -> None:
    live = factories.connection()
    factories.schemas(live)
    pull_rows(live, "Contact", [row("Contact", 1, LastName="Lovelace")])
    hide("Contact")
    apply_visibility(live, "Contact")
    assert not JournalEntry.objects.exists()
    assert not OutboxEntry.objects.exists()


def test_what_is_pulled_of_a_hidden_object_is_hidden_from_the_start() -> None:
    live = factories.connection()
    factories.schemas(live)
    hide("Lead")
    pull_rows(live, "Lead", [row("Lead", 1, LastName="Lovelace", Company="Acme")])
    assert Contact.objects.get().hidden


def test_an_object_is_due_until_its_records_are_as_the_settings_say() -> None:
    live = factories.connection()
    factories.schemas(live)
    pull_rows(live, "Contact", [row("Contact", 1, LastName="Lovelace")])
    hide("Contact")
    assert to_show_or_hide(live) == ["Contact"]
    apply_visibility(live, "Contact")
    assert to_show_or_hide(live) == []

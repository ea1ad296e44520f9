"""A mass delete is one, in however many claims it is taken (spec C8)."""

import pytest

from crm.models import Contact
from integrations.models import SyncSettings
from integrations.sync.push.drain import drain
from integrations.tests.pull import live
from integrations.tests.push.pushing import Desk

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_rest_of_a_mass_delete_waits_too(desk: Desk) -> None:
    SyncSettings.objects.update(contacts_delete_sync=True)
    people = [desk.create(Contact, last_name=f"Mass {n}") for n in range(13)]
    desk.push()
    Contact.objects.filter(pk__in=[person.pk for person in people]).delete()
    org = live.door(desk.connection)
    tally = drain(desk.connection, org, clock=desk.clock, seconds=60, most=11)
    org.close()
    assert (tally.deleted, tally.held) == (0, 13)

"""An error closes when its cause is gone."""

import pytest

from crm.models import Contact
from integrations.models import SyncError
from integrations.tests.push.pushing import Desk, states
from integrations.tests.sandbox_process import SandboxOrg

pytestmark = pytest.mark.django_db(transaction=True)


def test_taking_an_edit_back_closes_its_error(desk: Desk, org: SandboxOrg) -> None:
    person = desk.create(Contact, last_name="Named")
    desk.push()
    desk.change(person, last_name="")
    assert desk.push().failed == 1
    desk.change(person, last_name="Named")
    desk.push()
    assert states() == []
    assert not SyncError.objects.exclude(state="closed").exists()


def test_deleting_what_was_refused_closes_its_error(desk: Desk) -> None:
    person = desk.create(Contact, first_name="Nameless")
    assert desk.push().failed == 1
    desk.delete(person)
    desk.push()
    assert states() == []
    assert not SyncError.objects.exclude(state="closed").exists()

"""A create whose answer was lost is found whoever is signed in now."""

from datetime import timedelta

import pytest

from crm.models import Contact
from integrations.models import Connection
from integrations.tests.push.pushing import Desk
from integrations.tests.sandbox_process import SandboxOrg

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_lost_create_is_found_after_another_user_signed_in(desk: Desk, org: SandboxOrg) -> None:
    desk.create(Contact, last_name="Other user")
    fault(org, "cut_after", operation="create")
    push_once(desk)
    assert states() == [("contact", "unknown")]
    Connection.objects.update(sync_user_id="005000000000009AAA")
    desk.connection.refresh_from_db()
    desk.clock.skip_to(desk.clock() + timedelta(seconds=30))
    assert desk.push().adopted == 1

"""A number that is none holds its own row only."""

import pytest
from django.db import connection as database

from crm.models import Account
from integrations.models import SyncError
from integrations.tests.push.pushing import Desk, states

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_number_that_is_none_holds_its_own_row_only(desk: Desk) -> None:
    poison = desk.create(Account, name="NaN Ltd")
    desk.create(Account, name="Fine Ltd")
    with database.cursor() as cursor:
        cursor.execute("UPDATE crm_account SET annual_revenue = 'NaN' WHERE id = %s", [poison.pk])
    assert desk.push().created == 1
    assert states() == [("account", "held")]
    assert SyncError.objects.get(state="open").record_id == poison.pk

"""Names and values that nobody thought of (F2: whatever an org calls its stages and picklist values)."""

import pytest

from crm.models import Contact
from integrations.tests.push.pushing import Desk
from mappings.models import ValueMap

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_percent_sign_in_a_value_map_stops_nothing(desk: Desk) -> None:
    ValueMap.objects.create(
        object="Contact", salesforce_field="LeadSource", salesforce_value="Other", value="100% sure"
    )
    desk.create(Contact, last_name="Percent", source="100% sure")
    assert desk.push().created == 1

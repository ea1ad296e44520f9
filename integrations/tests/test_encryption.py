"""Secrets stay inside the database (spec A2)."""

import pytest
from django.core import serializers

from integrations.tests import factories


@pytest.mark.django_db
def test_no_export_of_the_data_holds_a_secret() -> None:
    connection = factories.connection(access_token="the-token", client_secret="the-secret")
    exported = serializers.serialize("json", [connection])
    assert "the-token" not in exported
    assert "the-secret" not in exported

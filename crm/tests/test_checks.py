import pytest
from django.db import connection

from crm.checks import capture_triggers

pytestmark = pytest.mark.django_db


def faults() -> list[str]:
    return [message.msg for message in capture_triggers(None, ["default"])]


def test_a_migrated_database_captures_every_change() -> None:
    assert faults() == []


def test_a_trigger_that_is_missing_is_named() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = 'crm_contact'::regclass AND tgname LIKE '%outbox_updated%'"
        )
        cursor.execute(f"DROP TRIGGER {cursor.fetchone()[0]} ON crm_contact")
    assert faults() == ["The trigger outbox_updated on crm_contact is missing."]


def test_a_trigger_that_is_switched_off_is_named() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE crm_deal DISABLE TRIGGER USER")
    assert "The trigger journal_updated on crm_deal is disabled." in faults()


def test_without_a_database_nothing_is_asked() -> None:
    assert capture_triggers(None, None) == []

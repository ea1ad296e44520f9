"""What holds a link to its connection, in place of a foreign key (docs/decisions/0018)."""

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from integrations.models import RecordLink
from integrations.tests import factories

pytestmark = pytest.mark.django_db


def sql(statement: str, *parameters: int) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def test_a_link_of_a_connection_that_is_not_there_is_refused() -> None:
    with pytest.raises(IntegrityError, match="no connection 404"):
        RecordLink.objects.create(connection_id=404, salesforce_id="003000000000001AAA", state="tombstone")


def test_a_link_cannot_move_to_a_connection_that_is_not_there() -> None:
    live = factories.connection()
    RecordLink.objects.create(connection=live, salesforce_id="003000000000001AAA", state="tombstone")
    with pytest.raises(IntegrityError, match="no connection 404"):
        sql("UPDATE integrations_recordlink SET connection_id = 404")


def test_no_connection_is_deleted_whoever_tries() -> None:
    live = factories.connection()
    with pytest.raises(ProgrammingError, match="Cannot delete"):
        sql("DELETE FROM integrations_connection WHERE id = %s", live.pk)


def test_a_connection_keeps_its_id() -> None:
    factories.connection()
    with pytest.raises(ProgrammingError, match="Cannot"):
        sql("UPDATE integrations_connection SET id = 404")

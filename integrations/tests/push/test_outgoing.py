"""What a record holds goes out as Salesforce would have said it: the SQL twin of `converters.to_salesforce`."""

from functools import partial
from typing import Any

import pytest
from django.db import connection as database
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from integrations.models import Connection
from integrations.sync.push.outgoing import everything
from integrations.sync.push.plan import push_plan
from integrations.tests import every_type
from integrations.tests.every_type import FIELDS, make_record, to_here
from mappings.converters import normalise

pytestmark = pytest.mark.django_db
live, known = every_type.live, every_type.known


def values(name: str) -> st.SearchStrategy[dict[str, str | None]]:
    return st.fixed_dictionaries({key: st.sampled_from(of.values) for key, of in FIELDS[name].items()})


@pytest.mark.parametrize("name", FIELDS)
@settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.data())
def test_what_came_from_salesforce_goes_out_as_it_came(
    live: Connection, known: dict[str, dict[str, int]], name: str, data: st.DataObject
) -> None:
    chosen = data.draw(values(name))
    with transaction.atomic():
        here = {key: to_here(known, name, key, text) for key, text in chosen.items()}
        said = what_goes_out(live, name, make_record(name, here))
        transaction.set_rollback(True)
    expected = partial(as_salesforce_keeps, name)
    pushed = {field.salesforce for field in push_plan(live, name).fields}
    for key, text in chosen.items():
        if FIELDS[name][key].salesforce in pushed and (text is None or here[key] is not None):
            assert said.get(FIELDS[name][key].salesforce) == expected(key, here[key], text), key


def what_goes_out(live: Connection, name: str, record: Any) -> dict[str, str | None]:
    plan = push_plan(live, name)
    query = sql.SQL("SELECT ({})::json FROM {} r WHERE r.id = %s").format(
        everything(plan), sql.Identifier(plan.table)
    )
    with database.cursor() as cursor:
        cursor.execute(query, [record.pk])
        return dict((cursor.fetchone() or ({},))[0])


def as_salesforce_keeps(name: str, key: str, here: Any, text: str | None) -> str | None:
    """The text it came as; an amount that was rounded here goes out rounded."""
    mapped = FIELDS[name][key]
    if mapped.type == "boolean":
        return text or "false"
    if mapped.type in ("double", "currency", "percent", "int") and here is not None:
        return normalise(here, mapped.type, field=key)
    if mapped.renamed and text in mapped.renamed.values() and text not in mapped.renamed:
        return next(there for there, ours in mapped.renamed.items() if ours == text)
    return text

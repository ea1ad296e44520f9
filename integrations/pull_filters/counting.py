"""How many records in Salesforce meet the conditions that somebody is typing (spec C12)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache

from integrations.models import Connection, ConnectionState
from integrations.pull_filters.conditions import Unusable, where
from integrations.salesforce.describes import FieldDescribe
from integrations.salesforce.errors import SalesforceError
from integrations.salesforce.org import Org
from integrations.salesforce.soql import select
from integrations.tokens import open_org

TIMEOUT = (5.0, 30.0)
ALL_IS_KNOWN_FOR = 300  # seconds
SILENT = {
    ConnectionState.DISCONNECTED: "Salesforce is asked how many match once it is connected.",
    ConnectionState.NEEDS_SIGN_IN: "Salesforce asks to sign in again before it says how many match.",
    ConnectionState.PAUSED: "Syncing is paused, so Salesforce isn't asked how many match.",
}


@dataclass(frozen=True, slots=True)
class Matches:
    """`of` is all there are; `refusal` says why it isn't known, or what is wrong."""

    matching: int = 0
    of: int = 0
    refusal: str = ""

    @property
    def outside(self) -> int:
        return max(self.of - self.matching, 0)


def count_matches(
    connection: Connection | None,
    object_name: str,
    conditions: Sequence[Mapping[str, Any]],
    fields: Mapping[str, FieldDescribe],
) -> Matches:
    """One query for what matches and one for all, which is remembered for some minutes."""
    if connection is None or connection.state in SILENT:
        state = connection.state if connection else ConnectionState.DISCONNECTED
        return Matches(refusal=SILENT[state])
    try:
        condition = where(conditions, fields, object_name=object_name)
    except Unusable as problem:
        return Matches(refusal=str(problem))
    org = open_org(connection, feature="filter count", timeout=TIMEOUT)
    try:
        matching = _count(org, object_name, condition)
        key = f"records-there-{connection.pk}-{object_name}"
        of = cache.get_or_set(key, lambda: _count(org, object_name, ""), ALL_IS_KNOWN_FOR)
    except SalesforceError as error:
        return Matches(refusal=f"Salesforce can't say how many match. {error.sentence} {error}")
    finally:
        org.close()
    return Matches(matching, max(int(of or 0), matching))


def _count(org: Org, object_name: str, condition: str) -> int:
    return org.query_page(select(["COUNT()"], object_name, where=condition)).total

"""What Salesforce deletes along with an account, asked before the account is deleted there (spec C8).

It deletes an account's contacts and opportunities in the same transaction (describe, `cascadeDelete`) and asks nobody,
whatever our switches say of those. So an account that has some waits for an admin's yes, unless their own
deletion sync would delete them as well and they are few.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from integrations.models import ObjectSchema, SyncedObject
from integrations.salesforce.soql import quote, select
from integrations.sync.mass_deletes import DELETE_SYNC, needs_yes
from integrations.sync.push.shift import Shift

CHILDREN = {"Contact": ("contact", "contacts"), "Opportunity": ("opportunity", "opportunities")}
PARENT = "AccountId"
IDS_AT_ONCE = 500
"""Of a query: the groups that it answers can't be paged, so they have to fit in one page of 2,000."""
MESSAGE = (
    "Salesforce would delete {children} along with {accounts}, which {why}. Nothing is deleted in Salesforce until an "
    "admin says yes: retry to delete all of it there, or move what is to stay to another account there first."
)
NOT_SYNCED = "deletion sync for {objects} wouldn't do"
SO_MANY = "is more than is deleted without a yes"


@dataclass(frozen=True, slots=True)
class Waiting:
    """The accounts that wait for a yes, and why."""

    accounts: frozenset[str]
    message: str


def what_waits(shift: Shift, accounts: Sequence[str]) -> Waiting | None:
    """None where all may go. `accounts` are Salesforce ids. Raises SalesforceError from the counting."""
    counts = {name: _count(shift, name, accounts) for name in CHILDREN if _is_seen(shift, name)}
    off = [name for name in counts if counts[name] and not getattr(shift.settings, DELETE_SYNC[name])]
    many = [name for name in counts if _are_many(shift, name, sum(counts[name].values()))]
    waiting = frozenset(id for name in (*off, *many) for id in counts[name])
    if not waiting:
        return None
    children = [
        _amount(number, *CHILDREN[name])
        for name, found in counts.items()
        if (number := sum(found.get(id, 0) for id in waiting))
    ]
    why = NOT_SYNCED.format(objects=" and ".join(CHILDREN[name][1] for name in off)) if off else SO_MANY
    what = "this account" if len(waiting) == 1 else f"these {len(waiting)} accounts"
    return Waiting(waiting, MESSAGE.format(children=" and ".join(children), accounts=what, why=why))


def _is_seen(shift: Shift, name: str) -> bool:
    """Whether the connected user may ask for the object at all."""
    schema = ObjectSchema.objects.filter(connection=shift.connection, name=name).first()
    return schema is not None and any(field["name"] == PARENT for field in schema.describe.get("fields", ()))


def _count(shift: Shift, name: str, accounts: Sequence[str]) -> dict[str, int]:
    """How many of the object each account has; those without any are left out."""
    found: dict[str, int] = {}
    for start in range(0, len(accounts), IDS_AT_ONCE):
        ids = ", ".join(quote(id) for id in accounts[start : start + IDS_AT_ONCE])
        soql = select([PARENT, "COUNT(Id)"], name, where=f"{PARENT} IN ({ids})", group_by=[PARENT])
        found |= {row[PARENT]: row["expr0"] for row in shift.org.query_page(soql).records}
    return found


def _are_many(shift: Shift, name: str, count: int) -> bool:
    synced = SyncedObject.objects.filter(connection=shift.connection, name=name).first()
    return needs_yes(count, synced.linked if synced else 0)


def _amount(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"

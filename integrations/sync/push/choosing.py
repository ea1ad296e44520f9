"""Which account of Salesforce a person's account is, before one is created for it (spec D4).

It may have come there after the last pull: one with the same domain, then name, that no record here is linked
to. Exactly one hit is linked; otherwise the account is created.
"""

from collections import defaultdict
from collections.abc import Sequence

from crm.models import Account, Kind
from integrations.models import RecordLink
from integrations.salesforce.ids import to18
from integrations.salesforce.soql import quote, quote_containing
from integrations.sync.push import settle
from integrations.sync.push.claim import Claim
from integrations.sync.push.shift import Shift
from integrations.sync.push.standing import Stand, fetch

AT_ONCE = 50
DOMAINS = "SELECT x.id, lockstep_domain(x.website) FROM unnest(%s::text[], %s::text[]) AS x(id, website)"


def without_chosen(shift: Shift, claim: Claim, stands: Sequence[Stand]) -> list[Stand]:
    """Link the needed accounts that are there already; those that are to be created are returned."""
    needed = [stand for stand in stands if claim.kind == Kind.ACCOUNT and stand.entry.needed]
    linked: set[int] = set()
    for start in range(0, len(needed), AT_ONCE):
        linked |= _link(shift, claim, needed[start : start + AT_ONCE])
    return [stand for stand in stands if stand.entry.id not in linked]


def _link(shift: Shift, claim: Claim, stands: Sequence[Stand]) -> set[int]:
    """The rows whose account was found and linked: they go out as updates, if they differ."""
    accounts = Account.objects.in_bulk([stand.entry.record_id for stand in stands])
    by_domain, by_name = _candidates(shift, list(accounts.values()))
    taken: set[str] = set()
    linked: set[int] = set()
    for stand in stands:
        account = accounts.get(stand.entry.record_id)
        if account is None:
            continue
        hits = by_domain[account.domain.lower()] if account.domain else set()
        hits = hits or by_name[account.name.strip().casefold()]
        if len(hits) != 1 or hits & taken:
            continue
        taken |= hits
        rows = [{"salesforce_id": next(iter(hits)), "record_id": account.pk, "base": {}, "sent": {}}]
        if settle.link_created(shift.connection.pk, "Account", "account", rows, at=None):
            linked.add(stand.entry.id)
    settle.put_back(claim.name, list(linked), not_before=shift.clock())
    shift.tally.adopted += len(linked)
    return linked


def _candidates(
    shift: Shift, accounts: Sequence[Account]
) -> tuple[defaultdict[str, set[str]], defaultdict[str, set[str]]]:
    """The unlinked accounts there by domain, and by name."""
    names = ", ".join(quote(account.name) for account in accounts if account.name)
    conditions = [f"Name IN ({names})"] if names else []
    conditions += [
        f"Website LIKE {quote_containing(account.domain)}" for account in accounts if account.domain
    ]
    by_domain: defaultdict[str, set[str]] = defaultdict(set)
    by_name: defaultdict[str, set[str]] = defaultdict(set)
    if not conditions:
        return by_domain, by_name
    soql = f"SELECT Id, Name, Website FROM Account WHERE {' OR '.join(conditions)}"  # noqa: S608  quoted
    found = {to18(row["Id"]): row for row in shift.org.query_all(soql)}
    known = RecordLink.objects.filter(connection=shift.connection, salesforce_id__in=found)
    for id in known.values_list("salesforce_id", flat=True):
        found.pop(id)
    for id, row in found.items():
        by_name[(row["Name"] or "").strip().casefold()].add(id)
    for id, domain in fetch(DOMAINS, [list(found), [row["Website"] or "" for row in found.values()]]):
        if domain:
            by_domain[domain].add(id)
    return by_domain, by_name

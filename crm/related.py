"""What stands around a record: an account's people and deals, a person's deals, a deal's people."""

from dataclasses import dataclass
from typing import Any

from crm.listing import Count, bounded_count
from crm.models import Account, Contact, ContactRole, Deal, Record

SHOWN = 8


@dataclass(frozen=True, slots=True)
class Related:
    """`rows` are (record, note) pairs, at most eight of `count`."""

    title: str
    kind: str
    rows: list[tuple[Any, str]]
    count: Count
    list_name: str = ""
    account: int | None = None


def related_to(record: Record) -> list[Related]:
    if isinstance(record, Account):
        return [people_of(record), deals_of_account(record)]
    if isinstance(record, Contact):
        return [deals_of_person(record)]
    return [people_of_deal(record)] if isinstance(record, Deal) else []


def people_of(account: Account) -> Related:
    people = account.contacts.filter(hidden=False).defer("search", "custom")
    rows = [(person, person.title) for person in people.order_by("pk")[:SHOWN]]
    return Related("People", "contact", rows, bounded_count(people), "people", account.pk)


def deals_of_account(account: Account) -> Related:
    deals = account.deals.filter(hidden=False).select_related("stage").defer("search", "custom")
    rows = [(deal, str(deal.stage or "")) for deal in deals.order_by("-pk")[:SHOWN]]
    return Related("Deals", "deal", rows, bounded_count(deals), "deals", account.pk)


def deals_of_person(person: Contact) -> Related:
    roles = person.roles.filter(deal__hidden=False).select_related("deal__stage").defer("deal__search")
    rows = [(role.deal, note(role, str(role.deal.stage or ""))) for role in roles.order_by("-pk")[:SHOWN]]
    return Related("Deals", "deal", rows, bounded_count(roles))


def people_of_deal(deal: Deal) -> Related:
    roles = deal.roles.filter(contact__hidden=False).select_related("contact").defer("contact__search")
    rows = [(role.contact, note(role)) for role in roles.order_by("-is_primary", "pk")[:SHOWN]]
    return Related("People", "contact", rows, bounded_count(roles))


def note(role: ContactRole, more: str = "") -> str:
    words = [role.role, "primary" if role.is_primary else "", more]
    return " · ".join(word for word in words if word)


def consequences_of_deleting(record: Record) -> list[str]:
    """What else changes here at once, in sentences; what a sync brings about later is not for this page to know."""
    if isinstance(record, Account):
        people, deals = bounded_count(record.contacts.all()), bounded_count(record.deals.all())
        return [
            f"{counted(count, one, many)} lose{'s' if count.value == 1 else ''} this account."
            for count, one, many in ((people, "person", "people"), (deals, "deal", "deals"))
            if count
        ]
    if isinstance(record, Contact):
        roles = bounded_count(record.roles.all())
        return [f"Its roles in {counted(roles, 'deal', 'deals')} are removed."] if roles else []
    if isinstance(record, Deal):
        roles = bounded_count(record.roles.all())
        return [f"The roles of {counted(roles, 'person', 'people')} in it are removed."] if roles else []
    return []


def counted(count: Count, one: str, many: str) -> str:
    return f"{count} {one if count.value == 1 else many}"

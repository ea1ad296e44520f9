"""Salesforce's owners as their page lists them: who each is here, by what, and what they own (spec O1)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import Lower

from crm import listing
from crm.listing import PAGE_SIZE, bounded_count
from crm.models import User
from integrations.models import Connection, RecordLink, SalesforceOwner
from integrations.sync.pull.plan import MODELS
from integrations.sync.reassigning import Following

Owners = QuerySet[SalesforceOwner]

SHOWN: dict[str, tuple[str, Callable[[Owners], Owners]]] = {
    "": ("All", lambda owners: owners),
    "nobody": ("Nobody here", lambda owners: owners.filter(user=None, is_queue=False)),
    "hand": ("By hand", lambda owners: owners.filter(by_hand=True)),
    "inactive": ("Inactive", lambda owners: owners.filter(Q(is_active=False) | Q(user__is_active=False))),
    "queues": ("Queues", lambda owners: owners.filter(is_queue=True)),
}
ONE_AND_MANY = {
    "Contact": ("contact", "contacts"),
    "Lead": ("lead", "leads"),
    "Account": ("account", "accounts"),
    "Opportunity": ("deal", "deals"),
}
PEOPLE = ("Contact", "Lead")
WITHOUT_SHOWN = 20
NEWEST = 2**63


@dataclass(frozen=True, slots=True)
class Page:
    """By name; `after` is the id to go on from, None at the end."""

    rows: list[SalesforceOwner]
    count: listing.Count
    after: int | None


def owners_of(connection: Connection, *, shown: str = "", text: str = "") -> Owners:
    found = SHOWN[shown][1](SalesforceOwner.objects.filter(connection=connection))
    for word in text.split():
        found = found.filter(
            Q(name__icontains=word) | Q(email__icontains=word) | Q(salesforce_id__startswith=word)
        )
    return found


def page_of(owners: Owners, *, after: int | None = None, size: int = PAGE_SIZE) -> Page:
    ordered = owners.select_related("user").annotate(lowered=Lower("name")).order_by("lowered", "pk")
    edge = SalesforceOwner.objects.filter(pk=after).annotate(lowered=Lower("name")).first() if after else None
    if edge:
        ordered = ordered.filter(Q(lowered__gt=edge.lowered) | Q(lowered=edge.lowered, pk__gt=edge.pk))
    rows: list[SalesforceOwner] = list(ordered[: size + 1])
    return Page(rows[:size], bounded_count(owners), rows[size - 1].pk if len(rows) > size else None)


def counts_of(connection: Connection) -> list[tuple[str, str, int]]:
    """Each filter's key and name, and how many owners it shows: one query."""
    owners = SalesforceOwner.objects.filter(connection=connection)
    found = owners.aggregate(
        all=Count("pk"),
        nobody=Count("pk", filter=Q(user=None, is_queue=False)),
        hand=Count("pk", filter=Q(by_hand=True)),
        inactive=Count("pk", filter=Q(is_active=False) | Q(user__is_active=False)),
        queues=Count("pk", filter=Q(is_queue=True)),
    )
    return [(key, name, found[key or "all"]) for key, (name, _) in SHOWN.items()]


def without_a_user_there(connection: Connection) -> tuple[list[User], listing.Count]:
    """Active users here of whom Salesforce can't be told, the first few of them and how many."""
    there = SalesforceOwner.objects.filter(connection=connection, is_active=True, is_queue=False)
    users = User.objects.filter(is_active=True).exclude(
        pk__in=there.filter(user__isnull=False).values("user_id")
    )
    ordered = users.order_by("first_name", "last_name", "email")
    return list(ordered[:WITHOUT_SHOWN]), bounded_count(users)


def sent_as(owner: SalesforceOwner, user: User, *, by_hand: bool) -> SalesforceOwner | None:
    """Whom Salesforce is told of where `user` owns a record here, once `owner` is theirs too.

    In the push's own order: those chosen by hand first, then the oldest.
    """
    theirs = SalesforceOwner.objects.filter(
        connection_id=owner.connection_id, user=user, is_active=True, is_queue=False
    ).exclude(pk=owner.pk)
    candidates = [(not other.by_hand, other.pk, other) for other in theirs]
    if owner.is_active:
        candidates.append((not by_hand, owner.pk or NEWEST, owner))
    return min(candidates, key=lambda item: item[:2])[2] if candidates else None


def unknown_ids(counts: Mapping[str, Mapping[str, int]], connection: Connection) -> list[str]:
    """Owners of records of whom Salesforce shows the connected user nothing but the id."""
    known = SalesforceOwner.objects.filter(connection=connection, salesforce_id__in=list(counts))
    return sorted(set(counts) - set(known.values_list("salesforce_id", flat=True)))


def in_words(counts: Mapping[str, int]) -> str:
    """`300 contacts, 112 leads`; empty for none."""
    return ", ".join(
        _counted(counts[name], *words) for name, words in ONE_AND_MANY.items() if counts.get(name)
    )


def what_follows(
    owner: SalesforceOwner, to: User | None, records: Sequence[Following], *, waiting: int = 0
) -> list[str]:
    """What giving the owner's records to `to` does, in sentences. `waiting`: changes of owner that go out then."""
    if owner.user == to:
        return ["No record changes: they are the same person here already."]
    moving = _people_and_rest({item.object: item.follow for item in records})
    staying = _people_and_rest({item.object: item.stay for item in records})
    get = f"get {to} as owner here" if to else "have no owner here any more"
    said = [f"{moving} {get}." if moving else "No record here changes its owner."]
    if staying:
        said.append(f"Given to somebody else here, and staying theirs: {staying}.")
    if waiting:
        changes = _counted(waiting, "change of owner", "changes of owner")
        said.append(
            f"Nothing changes in Salesforce, but for {changes} made here that waited for this and will go out."
        )
    else:
        said.append("Nothing changes in Salesforce.")
    return said


def _people_and_rest(counts: Mapping[str, int]) -> str:
    """`412 people, 30 accounts`: contacts and leads are people here."""
    people = sum(counts.get(name, 0) for name in PEOPLE)
    words = [_counted(people, "person", "people")] if people else []
    rest = {name: number for name, number in counts.items() if name not in PEOPLE}
    return ", ".join([*words, *([in_words(rest)] if in_words(rest) else [])])


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def owners_there(kind: str, ids: Sequence[int], connection: Connection) -> dict[int, str]:
    """Who owns in Salesforce those of the records that nobody owns here, in words: three queries at most."""
    nobodys = MODELS[kind]._default_manager.filter(pk__in=ids, owner=None).values_list("pk", flat=True)
    links = RecordLink.objects.filter(
        connection=connection, kind=kind, record_id__in=list(nobodys), state=RecordLink.State.LINKED
    ).values_list("record_id", "base__OwnerId")
    raw = {pk: owner for pk, owner in links if pk and owner}
    known = SalesforceOwner.objects.filter(connection=connection, salesforce_id__in=set(raw.values()))
    owners = {owner.salesforce_id: owner for owner in known} if raw else {}
    return {pk: there_in_words(owners.get(id), id) for pk, id in raw.items()}


def there_in_words(owner: SalesforceOwner | None, salesforce_id: str) -> str:
    if owner is None:
        return f"Salesforce user: {salesforce_id} (not in Lockstep)"
    if owner.is_queue:
        return f"Salesforce queue: {owner.name}"
    return f"Salesforce user: {owner.name} ({'not the owner here' if owner.user_id else 'not in Lockstep'})"

"""Merge one record into another, here alone: Salesforce isn't told, and keeps both (spec C9)."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db import connection as database
from django.db.models import QuerySet

from crm import journal
from crm.comparing import compare, values_of
from crm.merging import MODELS, fold
from crm.models import ContactRole, Kind, Record, User
from integrations.merging.links import settle_links
from integrations.models import Connection, OutboxEntry, RecordLink
from integrations.sync.deadlocks import persistently
from integrations.sync.merging import roles_of
from integrations.sync.refusals import Refused

ORIGIN = "web"
ON_ITS_WAY = (OutboxEntry.State.IN_FLIGHT, OutboxEntry.State.UNKNOWN)
WAITING = (OutboxEntry.State.PENDING, OutboxEntry.State.HELD)
SEND = "SELECT lockstep_outbox(%s, %s, '{}', '{}')"


def merge_here(
    *,
    kind: str,
    survivor_id: int,
    loser_id: int,
    take: Collection[str] = (),
    seen: str = "",
    user: User | None,
    now: datetime,
) -> Record:
    """Merge the loser into the survivor, which takes over the loser's values of the fields in `take`.

    `take` names fields as the journal does (`title`, `custom.tier`): writing them is an edit like any other. `seen`,
    where given, is the fingerprint of the comparison that the user looked at. Raises Refused.
    """
    if kind not in MODELS:
        raise Refused("Only people, accounts and deals can be merged.")
    return persistently(lambda: _merge(kind, survivor_id, loser_id, take, seen, user, now))


def _merge(
    kind: str,
    survivor_id: int,
    loser_id: int,
    take: Collection[str],
    seen: str,
    user: User | None,
    now: datetime,
) -> Record:
    """Locks records, then links, then rows of the outbox, each in the order of their ids (design, *Traps*)."""
    with journal.acting(user, ORIGIN):
        survivor, loser = _locked(kind, survivor_id, loser_id)
        _refuse(survivor, loser, seen)
        values, custom = values_of(loser, take)
        roles = roles_of(kind, [survivor.pk, loser.pk])
        fold(kind, [(loser.pk, survivor.pk)])
        moved = [
            settle_links(pk, survivor, loser, now=now).moves
            for pk in Connection.objects.order_by("pk").values_list("pk", flat=True)
        ]
        _forget_dropped(roles, now)
        _forget_rows_of(loser)
        survivor.change(values, custom)
        if any(moved):
            _send(survivor)
    return survivor


def _locked(kind: str, survivor_id: int, loser_id: int) -> tuple[Record, Record]:
    if survivor_id == loser_id:
        raise Refused(f"A {Kind(kind).label} can't be merged with itself.")
    everyone: QuerySet[Any] = MODELS[kind]._default_manager.all()
    wanted = everyone.filter(pk__in=[survivor_id, loser_id]).defer("search").order_by("pk")
    found: dict[int, Record] = {record.pk: record for record in wanted.select_for_update(no_key=True)}
    if len(found) < 2:
        raise Refused("One of the two isn't here any more: it was deleted meanwhile.")
    return found[survivor_id], found[loser_id]


def _refuse(survivor: Record, loser: Record, seen: str) -> None:
    for record in (survivor, loser):
        if record.merged_into is not None:
            raise Refused(f"{record} was merged into {record.merged_into} already.")
    on_its_way = OutboxEntry.objects.filter(
        kind=survivor.kind, record_id__in=[survivor.pk, loser.pk], state__in=ON_ITS_WAY
    ).first()
    if on_its_way is not None:
        record = survivor if on_its_way.record_id == survivor.pk else loser
        raise Refused(f"{record} is on its way to Salesforce just now. Try again in a moment.")
    if outside := _outside(survivor, loser):
        raise Refused(
            f"{outside} doesn't meet the pull filter, so nothing of it would go out. Change the filter first, or merge"
            " them in Salesforce."
        )
    if seen and compare(survivor, loser).fingerprint != seen:
        raise Refused("One of the two was changed meanwhile. Look again at what stands there now.")


def _outside(*records: Record) -> Record | None:
    """The first that stands outside its object's pull filter, which moves on neither side (C12)."""
    links = RecordLink.objects.filter(
        kind=records[0].kind, record_id__in=[record.pk for record in records], state=RecordLink.State.LINKED
    )
    ids = set(links.exclude(outside="").values_list("record_id", flat=True))
    return next((record for record in records if record.pk in ids), None)


def _forget_dropped(roles: set[int], now: datetime) -> None:
    """Salesforce keeps the role of one who is here in a deal once where both were in it."""
    dropped = roles - set(ContactRole.objects.filter(pk__in=roles).values_list("pk", flat=True))
    of_dropped: dict[str, Any] = {"kind": Kind.CONTACT_ROLE, "record_id__in": dropped}
    linked = RecordLink.objects.filter(**of_dropped, state=RecordLink.State.LINKED)
    linked.update(state=RecordLink.State.TOMBSTONE, changed_at=now)
    OutboxEntry.objects.filter(**of_dropped, state__in=WAITING).delete()


def _forget_rows_of(loser: Record) -> None:
    """Also one that was claimed since we looked: nothing is composed of it while we hold its record."""
    OutboxEntry.objects.filter(kind=loser.kind, record_id=loser.pk).delete()


def _send(survivor: Record) -> None:
    """Its own values and what Salesforce holds were never agreed: what differs goes out."""
    with database.cursor() as cursor:
        cursor.execute(SEND, [survivor.kind, survivor.pk])

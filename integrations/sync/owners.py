"""Salesforce's users and queues, and who they are here: by e-mail unless corrected by hand (spec O1)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Case, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Lower

from crm.models import User
from integrations.models import AuditEntry, Connection, SalesforceOwner
from integrations.salesforce.errors import NeedsPerson
from integrations.salesforce.ids import to18
from integrations.salesforce.org import Org
from integrations.salesforce.soql import select
from integrations.sync.map_lock import change_maps
from integrations.sync.push.owners import release_held
from integrations.sync.reassigning import hand_over, settle_moves
from integrations.sync.refusals import Refused

SETTLING_SECONDS = 5
QUEUE = "00G"
_TOLD_BY_SALESFORCE = ["name", "email", "is_active", "is_queue"]


def follow_owners(connection: Connection, org: Org) -> None:
    """Bring the owners up to date; a match made by hand is kept. Raises SalesforceError."""
    people = select(("Id", "Name", "Email", "IsActive"), "User", where="UserType = 'Standard'")
    owners = [_owner(connection, row, is_queue=False) for row in org.query_all(people)]
    owners += _queues(connection, org)
    with transaction.atomic():
        SalesforceOwner.objects.bulk_create(
            owners,
            update_conflicts=True,
            unique_fields=["connection", "salesforce_id"],
            update_fields=_TOLD_BY_SALESFORCE,
            batch_size=1000,
        )
    match_owners(connection)


def match_owners(connection: Connection) -> None:
    """Give each active Salesforce user the workspace's active user of the same e-mail, and that user their records.

    Who becomes inactive on either side stays who they were, and keeps their records.
    """
    if _matched_anew(_by_email(connection)):
        with transaction.atomic():
            change_maps()
            for owner in _matched_anew(_by_email(connection).select_for_update(of=("self",))):
                hand_over(owner, User.objects.get(pk=owner.match) if owner.match else None)
    settle_moves(seconds=SETTLING_SECONDS)
    release_held(connection)


def _by_email(connection: Connection) -> QuerySet[Any]:
    """Owners not mapped by hand, and whom their e-mail names: `match` is active, `same` may not be."""
    same = User.objects.annotate(lowered=Lower("email")).filter(lowered=Lower(OuterRef("email")))
    owners = SalesforceOwner.objects.filter(connection=connection, by_hand=False, is_queue=False).annotate(
        match=Case(
            When(is_active=True, then=Subquery(same.filter(is_active=True).values("pk")[:1])),
            default=Value(None),
        ),
        same=Subquery(same.values("pk")[:1]),
    )
    return owners.exclude(user=None, match=None).order_by("pk")


def _matched_anew(owners: QuerySet[Any]) -> list[Any]:
    """Those who aren't whom their e-mail names."""
    return [owner for owner in owners if owner.user_id not in (owner.match, owner.same)]


def email_match(owner: SalesforceOwner) -> User | None:
    """Who the owner would be here by e-mail."""
    if owner.is_queue or not (owner.is_active and owner.email):
        return None
    return User.objects.filter(email__iexact=owner.email, is_active=True).first()


@dataclass(frozen=True, slots=True)
class Choice:
    """Who an owner is to be here: by hand a user or nobody; else whom their e-mail names."""

    by_hand: bool
    user: User | None = None

    def user_for(self, owner: SalesforceOwner) -> User | None:
        return self.user if self.by_hand else email_match(owner)


def correct_owner(
    connection: Connection, salesforce_id: str, choice: Choice, *, actor: User, now: datetime
) -> SalesforceOwner:
    """Set by hand, or give back to e-mail; audited. The records follow (`settle_moves`).

    An owner of whom Salesforce tells nothing but the id is listed from then on. Raises Refused for a queue.
    """
    with transaction.atomic():
        change_maps()
        SalesforceOwner.objects.get_or_create(
            connection=connection,
            salesforce_id=salesforce_id,
            defaults={"name": salesforce_id, "is_queue": salesforce_id.startswith(QUEUE)},
        )
        owner = SalesforceOwner.objects.select_for_update().get(
            connection=connection, salesforce_id=salesforce_id
        )
        if owner.is_queue:
            raise Refused(f"{owner} is a queue. Queues own leads, and nobody here is one.")
        before = owner_in_words(owner)
        owner.by_hand = choice.by_hand
        owner.save(update_fields=["by_hand"])
        hand_over(owner, choice.user_for(owner), actor=actor)
        if before != owner_in_words(owner):
            change = {"path": f"owners.{owner}", "from": before, "to": owner_in_words(owner)}
            AuditEntry.objects.create(at=now, actor=actor, action="owner corrected", changes=[change])
    settle_moves(seconds=SETTLING_SECONDS)
    release_held(connection)
    return owner


def owner_in_words(owner: SalesforceOwner) -> str:
    return f"{owner.user or 'nobody'}, {'by hand' if owner.by_hand else 'by e-mail'}"


def _queues(connection: Connection, org: Org) -> list[SalesforceOwner]:
    queues = select(("Id", "Name", "Email"), "Group", where="Type = 'Queue'")
    try:
        return [_owner(connection, row, is_queue=True) for row in org.query_all(queues)]
    except NeedsPerson:  # a user who may not see queues still owns and reads records
        return []


def _owner(connection: Connection, row: dict[str, Any], *, is_queue: bool) -> SalesforceOwner:
    return SalesforceOwner(
        connection=connection,
        salesforce_id=to18(row["Id"]),
        name=row["Name"] or "",
        email=row["Email"] or "",
        is_active=bool(row.get("IsActive", True)),
        is_queue=is_queue,
    )

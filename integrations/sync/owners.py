"""Salesforce's users and queues, and who they are here: by e-mail unless corrected by hand (spec O1)."""

from typing import Any

from django.db import transaction
from django.db.models import Case, OuterRef, Subquery, Value, When
from django.db.models.functions import Lower

from crm.models import User
from integrations.models import Connection, SalesforceOwner
from integrations.salesforce.errors import NeedsPerson
from integrations.salesforce.ids import to18
from integrations.salesforce.org import Org
from integrations.salesforce.soql import select
from integrations.sync.reassigning import Move, reassign

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
    """Give each active Salesforce user the workspace's user of the same e-mail, and that user their records."""
    same = User.objects.annotate(lowered=Lower("email")).filter(
        lowered=Lower(OuterRef("email")), is_active=True
    )
    match = Case(
        When(is_active=True, is_queue=False, then=Subquery(same.values("pk")[:1])), default=Value(None)
    )
    owners = SalesforceOwner.objects.filter(connection=connection, by_hand=False).annotate(match=match)
    moves = [
        Move(owner.salesforce_id, owner.user_id, owner.match)
        for owner in owners
        if owner.user_id != owner.match
    ]
    # Records first: cut off in between, the next pull finds the same moves again.
    reassign(connection, moves)
    for move in moves:
        owners.filter(salesforce_id=move.salesforce_id).update(user=move.becomes)


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

"""The sync problems of one person's records, in words (pages: *Sales home*)."""

from dataclasses import dataclass
from typing import Any

from crm.models import Account, Contact, Deal, Kind, User
from integrations.models import SyncError

SHOWN = 10
MODELS: dict[str, Any] = {Kind.CONTACT: Contact, Kind.ACCOUNT: Account, Kind.DEAL: Deal}


@dataclass(frozen=True, slots=True)
class Problem:
    record: Any
    error: SyncError


def problems_of(user: User, limit: int = SHOWN) -> list[Problem]:
    """The newest open errors on records that the user owns: two queries a kind, at most `limit` rows."""
    found = [problem for kind in MODELS for problem in problems_of_kind(kind, user, limit)]
    return sorted(found, key=lambda problem: problem.error.changed_at, reverse=True)[:limit]


def problems_of_kind(kind: str, user: User, limit: int) -> list[Problem]:
    mine = MODELS[kind].objects.filter(owner=user)
    errors = SyncError.objects.filter(kind=kind, record_id__in=mine.values("pk"))
    newest = list(errors.exclude(state=SyncError.State.CLOSED).defer("sent").order_by("-changed_at")[:limit])
    records = MODELS[kind].objects.defer("search", "custom").in_bulk([error.record_id for error in newest])
    return [Problem(records[error.record_id], error) for error in newest if error.record_id in records]

"""Errors grouped by what has to be mended: one line for fourteen accounts, not fourteen (pages: *Errors*)."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Case, CharField, Count, F, Func, QuerySet, TextField, Value, When
from django.db.models.functions import Coalesce, Left

from crm.listing import COUNT_LIMIT
from integrations.error_log.labels import field_labels
from integrations.models import SyncError
from integrations.salesforce.guidance import guidance_for
from integrations.sync.pull import removals

PICKLIST = "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
RULE = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
NO_FIELD = "none"
"""In an address: errors that blame no field."""
DETAIL_LENGTH = 200
SHOWN = 10

MANY = {
    "Account": "account",
    "Contact": "contact",
    "Lead": "lead",
    "Opportunity": "deal",
    "OpportunityContactRole": "contact role",
}


@dataclass(frozen=True, slots=True)
class Cause:
    """`detail` tells causes of one code apart: the picklist value sent, or the validation rule's own words."""

    code: str
    source: str
    salesforce_object: str
    field: str
    detail: str
    count: int
    label: str

    @property
    def sentence(self) -> str:
        return cause_in_words(self.code, self.label, self.detail)

    @property
    def fix(self) -> str:
        return guidance_for(self.code).fix

    @property
    def what(self) -> str:
        """`14 accounts`."""
        word = MANY.get(self.salesforce_object, "error") if self.can_retry else "error"
        return f"{self.count:,} {word}{'s' if self.count != 1 else ''}"

    @property
    def can_retry(self) -> bool:
        return self.source == SyncError.Source.PUSH or self.code == removals.CODE

    @property
    def query(self) -> str:
        """The log's address, filtered by this cause."""
        filters = {"code": self.code, "source__exact": self.source, "field": self.field or NO_FIELD}
        filters |= {"salesforce_object": self.salesforce_object} if self.salesforce_object else {}
        return urlencode(filters | ({"detail": self.detail} if self.detail else {}))


def cause_in_words(code: str, label: str, detail: str) -> str:
    """What is wrong, for whoever has to mend it. `label` is the field's, empty where none is blamed."""
    if code == PICKLIST and label:
        if not detail:
            return f"{label} is empty, and Salesforce requires one of its values"
        return f"{label} “{detail}” isn't allowed"
    if code == RULE and detail:
        return detail
    if code == "REQUIRED_FIELD_MISSING" and label:
        return f"{label} is empty, and Salesforce requires it"
    if code == "STRING_TOO_LONG" and label:
        return f"{label} is too long"
    meaning = guidance_for(code).meaning
    return f"{label}: {meaning}" if label else meaning


def with_detail(errors: QuerySet[SyncError]) -> QuerySet[Any]:
    """Annotated with `detail`, see Cause."""
    sent = Func(
        F("sent"), F("field"), arg_joiner=" ->> ", template="(%(expressions)s)", output_field=TextField()
    )
    return errors.annotate(
        detail=Case(
            When(code=PICKLIST, then=Coalesce(Left(sent, DETAIL_LENGTH), Value(""))),
            When(code=RULE, then=Left("message", DETAIL_LENGTH)),
            default=Value(""),
            output_field=CharField(),
        )
    )


def causes_of(errors: QuerySet[SyncError]) -> list[Cause]:
    """The largest causes of the newest 10,000 of `errors`, largest first: two queries."""
    newest = errors.order_by("-changed_at", "-id").values("pk")[:COUNT_LIMIT]
    # A list of ids would have to cross the wire; the subquery is one scan of the index by time.
    keys = ("code", "source", "salesforce_object", "field", "detail")
    grouped = with_detail(SyncError.objects.filter(pk__in=newest)).order_by().values(*keys)
    rows = list(grouped.annotate(count=Count("pk")).order_by("-count", *keys)[:SHOWN])
    labels = field_labels((row["salesforce_object"], row["field"]) for row in rows)
    return [
        Cause(**row, label=labels.get((row["salesforce_object"], row["field"]), row["field"])) for row in rows
    ]

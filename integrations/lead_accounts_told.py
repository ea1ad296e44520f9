"""Why a person has their account, where their e-mail's domain led to it (spec C7)."""

from datetime import datetime
from typing import Any

from crm.history import Event, Teller
from crm.models import Contact, Record
from integrations.models import RecordLink

FIELD = "account"


def reason(domain: str, accounts: int, people: int | None) -> str:
    """Of several, the counts are those of the moment it was chosen."""
    if accounts == 1 or people is None:
        return f"Matched by the e-mail's domain, {domain}"
    many = f"{people:,} {'person' if people == 1 else 'people'}" if people else "nobody yet"
    chosen = f"this one had most people ({many})" if people else "none had any people; this is the oldest"
    return f"Matched by the e-mail's domain, {domain}: of {accounts:,} accounts there, {chosen}"


def of_field(record: Record, field: str) -> list[Event]:
    if field != FIELD or not (found := _matched(record)):
        return []
    at = datetime.fromisoformat(found["at"])
    return [Event(at, "matched", "", "", found["run"], [], said=_in_words(found))]


def beside(record: Record) -> dict[str, str]:
    found = _matched(record)
    return {FIELD: f"{_in_words(found)}."} if found else {}


def _in_words(found: dict[str, Any]) -> str:
    return reason(found["domain"], found["of"], found["people"])


def _matched(record: Record) -> dict[str, Any] | None:
    """What the lead's link says of the account which the person has; None where somebody chose it."""
    if not isinstance(record, Contact) or record.account_id is None:
        return None
    links = RecordLink.objects.filter(
        kind=record.kind,
        record_id=record.pk,
        salesforce_object="Lead",
        state=RecordLink.State.LINKED,
        matched_account__account=record.account_id,
    )
    return links.values_list("matched_account", flat=True).first()


TELLER = Teller("lead accounts", lambda record, since, until: [], of_field, beside)

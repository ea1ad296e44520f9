"""One error, opened: what we sent, what Salesforce allows, what to do, what happens next (spec E2)."""

from dataclasses import dataclass
from typing import Any

from integrations.badges import address_in
from integrations.configuration.pages import PAGES
from integrations.error_log.causes import PICKLIST, cause_in_words
from integrations.models import ConnectionState, ObjectSchema, OutboxEntry, RecordLink, SyncError
from integrations.salesforce.describes import FieldDescribe, ObjectDescribe, parse_describe
from integrations.salesforce.guidance import Guidance, guidance_for
from integrations.salesforce.hosts import record_url
from integrations.sync.linking_by_hand import candidates, object_of

HELD_UNTIL = {
    ConnectionState.NEEDS_SIGN_IN: "once an admin has signed in to Salesforce again",
    ConnectionState.PAUSED: "when syncing is resumed",
    ConnectionState.CONFIGURING: "when syncing is on",
    ConnectionState.READ_ONLY: "when read only is switched off",
    ConnectionState.DISCONNECTED: "once Salesforce is connected again",
}


@dataclass(frozen=True, slots=True)
class SentField:
    """`blamed` where Salesforce objects to it."""

    name: str
    label: str
    value: str
    blamed: bool


@dataclass(frozen=True, slots=True)
class Picklist:
    """What a picklist allows, and why the value that was sent isn't taken."""

    label: str
    sent: str
    allowed: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A record that is in Salesforce already."""

    salesforce_id: str
    object: str
    url: str


@dataclass(frozen=True, slots=True)
class Explanation:
    title: str
    guidance: Guidance
    sent: list[SentField]
    picklist: Picklist | None
    entry: OutboxEntry | None
    waits_until: str
    there: str
    choices: list[Choice]
    map_page: str


def explain(error: SyncError) -> Explanation:
    """In four queries; the error brings its connection along."""
    described = _describe(error)
    field = described.field(error.field) if described and error.field else None
    label = field.label if field else error.field
    value = (error.sent or {}).get(error.field) if isinstance(error.sent, dict) else None
    rows = OutboxEntry.objects.filter(kind=error.kind, record_id=error.record_id or 0)
    entry = rows.order_by("-id").first()
    return Explanation(
        title=cause_in_words(error.code, label, _text(value) if error.code == PICKLIST else error.message),
        guidance=guidance_for(error.code),
        sent=_sent(error, described),
        picklist=_picklist(error, field, _text(value), described),
        entry=entry,
        waits_until=HELD_UNTIL.get(error.connection.state, ""),
        there=_address(error),
        choices=[
            Choice(id, object_of(id), _url(error, id, object_of(id))) for id in candidates(error)
        ],
        map_page=_map_page(error.salesforce_object),
    )  # fmt: skip


def _describe(error: SyncError) -> ObjectDescribe | None:
    schema = ObjectSchema.objects.filter(connection=error.connection, name=error.salesforce_object).first()
    return parse_describe(schema.describe) if schema else None


def _sent(error: SyncError, described: ObjectDescribe | None) -> list[SentField]:
    """The blamed ones first, those that weren't sent at all included."""
    sent: dict[str, Any] = error.sent if isinstance(error.sent, dict) else {}
    blamed = error.fields or [error.field]
    names = dict.fromkeys([*(name for name in blamed if name), *sent])
    if error.sent is None:
        return []
    return [
        SentField(
            name,
            found.label if (found := described.field(name) if described else None) else name,
            _text(sent.get(name)),
            name in blamed,
        )
        for name in names
    ]


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _picklist(
    error: SyncError, field: FieldDescribe | None, value: str, described: ObjectDescribe | None
) -> Picklist | None:
    if error.code != PICKLIST or field is None or not field.picklist_values:
        return None
    allowed = tuple(item.value for item in field.picklist_values if item.active)
    return Picklist(field.label, value, allowed, _why(value, allowed, field, _record_type(error, described)))


def _why(value: str, allowed: tuple[str, ...], field: FieldDescribe, record_type: str) -> str:
    """A describe tells the whole field's values; what it lists and Salesforce refuses, the record type leaves out."""
    if not value:
        return "None was sent, and Salesforce requires one."
    if value in allowed:
        return f"The field has “{value}”, but the record type{record_type} doesn't allow it."
    if any(item.value == value for item in field.picklist_values):
        return f"“{value}” was switched off in Salesforce."
    near = next((item for item in allowed if item.lower() == value.lower()), None)
    if near:
        return f"“{value}” isn't one of the values. “{near}” is: capitals count."
    return f"“{value}” isn't one of the values."


def _record_type(error: SyncError, described: ObjectDescribe | None) -> str:
    """` (Partner)`: the one that was sent, else the connected user's default; empty where there is but one."""
    types = [item for item in described.record_types if not item.master] if described else []
    wanted = error.sent.get("RecordTypeId") if isinstance(error.sent, dict) else None
    found = next((item for item in types if (item.id == wanted if wanted else item.default)), None)
    return f" ({found.name})" if found else ""


def _address(error: SyncError) -> str:
    """The record's page in Salesforce; empty where it has none yet."""
    if error.salesforce_id:
        return _url(error, error.salesforce_id, error.salesforce_object)
    link = RecordLink.objects.filter(
        connection=error.connection, kind=error.kind, record_id=error.record_id, state=RecordLink.State.LINKED
    ).first()
    return address_in(error.connection, link) if link else ""


def _url(error: SyncError, salesforce_id: str, object_name: str) -> str:
    host = error.connection.instance_url
    return record_url(host, salesforce_id, object_name) if host and object_name else ""


def _map_page(object_name: str) -> str:
    return next((page.url_name for page in PAGES.values() if page.object == object_name), "")

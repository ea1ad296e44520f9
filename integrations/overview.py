"""What the Salesforce overview shows, put together from what runs have stored (pages: *Overview*)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Sum
from django.utils import timezone
from django.utils.formats import date_format

from crm.templatetags.lockstep import duration
from integrations.models import (
    ApiAllowance,
    ApiUsage,
    Connection,
    ConnectionState,
    FieldConflict,
    SyncedObject,
    SyncError,
    SyncRun,
    SyncSettings,
    WaitingCount,
)
from integrations.sync.pull.runs import refuse_pull
from integrations.sync.refusals import Refused
from integrations.sync.schedule import next_pull
from mappings.catalogue import SALESFORCE_OBJECTS
from mappings.models import FieldMap

LABELS = {"Account": "Accounts", "Contact": "Contacts", "Lead": "Leads", "Opportunity": "Deals"}
ROLES = "Contact roles"
"""Of deals; they come along with them."""
SHOWN = ("Contact", "Lead", "Account", "Opportunity")
BARS = 12
DRIFT = {
    "different": "different",
    "missing_here": "missing here",
    "missing_there": "deleted there",
}
"""What the last check of both sides found and left (C3)."""


@dataclass(frozen=True)
class ObjectTile:
    """Where one object stands. `read_ahead` rows are read but not applied yet, as in the window (A4)."""

    name: str
    label: str
    here: int
    there: int | None
    contacts_already: int
    outside: int
    pulled_at: datetime | None
    changed: int | None
    rejected: int
    waiting: int
    errors: int
    to_decide: int
    rests: str
    read_ahead: int
    checked_at: datetime | None
    drift: list[str]
    not_visible: int


@dataclass(frozen=True)
class ApiTile:
    """Calls of the last 24 hours; `bars` are two hours each, in percent of the highest."""

    ours: int
    org: int | None
    limit: int | None
    percent: int | None
    share: int
    bars: list[int]
    waiting: bool


@dataclass(frozen=True)
class Step:
    label: str
    url: str
    done: bool
    note: str
    to_mend: bool = False


@dataclass(frozen=True)
class Overview:
    connection: Connection
    icon: str
    tone: str
    sentence: str
    objects: list[ObjectTile]
    api: ApiTile
    steps: list[Step]
    errors: int
    pull_refusal: str

    @property
    def title(self) -> str:
        return f"Salesforce: {self.connection}"

    @property
    def drifts(self) -> bool:
        """Whether the last check found anything that a repair would bring."""
        return any(tile.drift for tile in self.objects)

    @property
    def state(self) -> ConnectionState:
        return self.connection.state


def live_overview(now: datetime) -> Overview | None:
    """None while nothing is connected."""
    connection = Connection.objects.live().first()
    if connection is None:
        return None
    icon, tone, sentence = state_line(connection, next_pull(), now)
    objects = _tiles(connection)
    return Overview(
        connection=connection,
        icon=icon,
        tone=tone,
        sentence=sentence,
        objects=objects,
        api=_api(connection, now),
        steps=_steps(connection),
        errors=sum(tile.errors for tile in objects),
        pull_refusal=_pull_refusal(connection),
    )


def state_line(connection: Connection, next_at: datetime | None, now: datetime) -> tuple[str, str, str]:
    """Icon, tone and sentence: where we stand, what runs next, and when."""
    following = f"Next pull {_in(next_at, now)}." if next_at else "Pulls are switched off in the schedule."
    ends = connection.window_ends_at
    clock = f"{_in(ends, now)} ({_clock(ends, now)})" if ends and ends > now else "within a minute"
    window = connection.in_window
    lines: dict[ConnectionState, tuple[str, str, str]] = {
        ConnectionState.NEEDS_SIGN_IN: (
            "lock",
            "bad",
            "Salesforce no longer accepts our sign-in. Nothing moves until an admin signs in again; nothing is "
            "lost meanwhile.",
        ),
        ConnectionState.PAUSED: (
            "pause_circle",
            "warn",
            "Paused: nothing is pulled or sent until you resume. "
            + (f"The time to set up runs on and is over {clock}." if window else "Edits made here wait."),
        ),
        ConnectionState.CONFIGURING: (
            "hourglass_top",
            "info",
            f"Setting up: syncing turns on by itself {clock}. Until then Salesforce is only read, nothing here "
            "or there is changed.",
        ),
        ConnectionState.READ_ONLY: (
            "visibility",
            "warn",
            f"Read only: Salesforce is pulled, nothing is ever written there. {following}",
        ),
        ConnectionState.ACTIVE: ("sync", "good", f"Syncing. {following} Edits made here go out at once."),
    }
    return lines[connection.state]


def _tiles(connection: Connection) -> list[ObjectTile]:
    synced = {row.name: row for row in SyncedObject.objects.filter(connection=connection)}
    waiting = dict(WaitingCount.objects.values_list("kind", "rows"))
    still_open = SyncError.objects.filter(connection=connection).exclude(state=SyncError.State.CLOSED)
    errors = dict(still_open.values_list("salesforce_object").annotate(rows=Count("pk")).order_by())
    questions = FieldConflict.objects.open().filter(connection=connection)
    to_decide = dict(questions.values_list("salesforce_object").annotate(rows=Count("pk")).order_by())
    return [
        _tile(
            synced.get(name) or SyncedObject(name=name),
            _last_counts(connection, name),
            # People wait as people, whichever object they are in Salesforce; the contacts' tile shows them.
            waiting.get(SALESFORCE_OBJECTS[name], 0) if name != "Lead" else 0,
            errors.get(name, 0),
            to_decide.get(name, 0),
        )
        for name in SHOWN
    ]


def _tile(
    synced: SyncedObject, counts: dict[str, int] | None, waiting: int, errors: int, to_decide: int
) -> ObjectTile:
    changed = None
    if counts is not None:
        changed = sum(counts.get(key, 0) for key in ("created", "updated", "matched", "deleted", "merged"))
    return ObjectTile(
        name=synced.name,
        label=LABELS[synced.name],
        # A deal outside the filter counts on neither side; people and companies are known all the same.
        here=synced.linked + synced.suppressed - (synced.outside if synced.name == "Opportunity" else 0),
        there=synced.there,
        contacts_already=synced.suppressed,
        outside=synced.outside,
        pulled_at=synced.pulled_at,
        changed=changed,
        rejected=(counts or {}).get("rejected", 0),
        waiting=waiting,
        errors=errors,
        to_decide=to_decide,
        rests=synced.suspended,
        read_ahead=synced.staged_rows,
        checked_at=synced.checked_at,
        drift=[f"{count:,} {words}" for key, words in DRIFT.items() if (count := synced.drift.get(key))],
        not_visible=synced.drift.get("not_visible", 0),
    )


def _last_counts(connection: Connection, name: str) -> dict[str, int] | None:
    runs = SyncRun.objects.filter(
        connection=connection, object=name, kind=SyncRun.Kind.PULL, state=SyncRun.State.SUCCEEDED
    )
    return runs.order_by("-pk").values_list("counts", flat=True).first()


def _api(connection: Connection, now: datetime) -> ApiTile:
    rows = ApiUsage.objects.all().last_day(connection, now)
    allowance = ApiAllowance.objects.filter(connection=connection).first()
    limit = allowance.limit if allowance else None
    return ApiTile(
        ours=rows.calls(),
        org=allowance.used if allowance else None,
        limit=limit,
        percent=round(100 * allowance.used / limit) if allowance and limit else None,
        share=SyncSettings.current().daily_share_percent,
        bars=_bars(dict(rows.values_list("hour").annotate(calls=Sum("calls")).order_by()), now),
        waiting=bool(allowance and allowance.waiting(now)),
    )


def _bars(calls: dict[datetime, int], now: datetime) -> list[int]:
    span = timedelta(hours=24 / BARS)
    sums = [0] * BARS
    for hour, made in calls.items():
        age = int((now - hour) / span)
        if 0 <= age < BARS:
            sums[BARS - 1 - age] += made
    highest = max(sums)
    return [round(100 * made / highest) if highest else 0 for made in sums]


def _steps(connection: Connection) -> list[Step]:
    resting = FieldMap.objects.exclude(suspended="").count()
    mapped = FieldMap.objects.exists()
    prepared = connection.prepared_at is not None
    pending = "" if prepared else "being prepared"
    return [
        Step("Connection", "salesforce_connection", not connection.needs_sign_in_since, ""),
        Step("Pull settings", "salesforce_general", False, _pull_note() if prepared else pending),
        Step("Field maps", "salesforce_contacts", False, _fields_note(mapped, resting), resting > 0),
        Step("Push settings", "salesforce_contacts", False, _push_note() if prepared else pending),
        Step("Preview", "", False, "comes with a later version"),
    ]


def _pull_note() -> str:
    return f"every {SyncSettings.current().pull_interval_minutes} min"


def _push_note() -> str:
    settings = SyncSettings.current()
    new = (settings.people_push_new, settings.accounts_push_new, settings.deals_push_new)
    return f"new records {'on' if any(new) else 'off'}"


def _fields_note(mapped: bool, resting: int) -> str:
    if not mapped:
        return "being prepared"
    return f"{resting} to look at" if resting else "nothing to mend"


def _pull_refusal(connection: Connection) -> str:
    """Why nobody may pull by hand now, and until when; empty where one may."""
    try:
        refuse_pull(connection=connection, trigger=SyncRun.Trigger.MANUAL)
    except Refused as refused:
        return refused.reason
    return ""


def _in(moment: datetime | None, now: datetime) -> str:
    if moment is None or moment <= now:
        return "any moment now"
    return f"in {duration((moment - now).total_seconds())}"


def _clock(moment: datetime, now: datetime) -> str:
    local = timezone.localtime(moment)
    same_day = local.date() == timezone.localtime(now).date()
    return date_format(local, "H:i" if same_day else "D H:i")

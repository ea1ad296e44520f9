"""What waits, runs and the audit: rows the machine writes, to look at."""

from collections import Counter
from typing import Any

from django.contrib import admin
from django.db.models import F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from crm.admin_rights import MachineRows, badge
from crm.roles import Role
from crm.templatetags.lockstep import ago, duration, number
from integrations.admin.records import ObjectFilter, RecordRows, pretty
from integrations.badges import what_it_waits_for
from integrations.configuration.words import change_in_words
from integrations.models import AuditEntry, OutboxEntry, SyncRun
from integrations.overview import LABELS

RUN_BADGES = {
    "waiting": ("quiet", "hourglass_top", "Waiting"),
    "running": ("info", "sync", "Running"),
    "succeeded": ("good", "check_circle", "Succeeded"),
    "failed": ("bad", "error", "Failed"),
    "cancelled": ("quiet", "cancel", "Cancelled"),
}
OUTBOX_BADGES = {
    "pending": ("info", "hourglass_top", "Waiting"),
    "in_flight": ("info", "upload", "On its way"),
    "unknown": ("warn", "help", "Being checked"),
    "held": ("warn", "front_hand", "Held"),
}


class RunObjectFilter(ObjectFilter):
    title = "what"
    parameter_name = "object"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(LABELS.items())


def of_children(column: str) -> Subquery:
    """The sum over a run's children; none where it has none."""
    children = SyncRun.objects.filter(parent=OuterRef("pk")).order_by().values("parent")
    return Subquery(children.annotate(rows=Sum(column)).values("rows"))


@admin.register(OutboxEntry)
class OutboxAdmin(RecordRows):
    role = Role.STAFF
    list_display = ("record", "kind", "standing", "waits_for", "since", "attempts", "tried_again")
    list_display_links = ("kind",)
    list_filter = ("state", "kind", "live")
    ordering = ("-id",)
    fields = (
        "record",
        "kind",
        "standing",
        "waits_for",
        "since",
        "attempts",
        "tried_again",
        "live",
        "manual",
        "payload_sent",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutboxEntry]:
        rows: QuerySet[OutboxEntry] = super().get_queryset(request)
        return rows.defer("payload")

    @admin.display(description="State")
    def standing(self, entry: OutboxEntry) -> SafeString:
        return badge(*OUTBOX_BADGES[entry.state])

    @admin.display(description="Waits for")
    def waits_for(self, entry: OutboxEntry) -> str:
        return what_it_waits_for(entry)

    @admin.display(description="Since")
    def since(self, entry: OutboxEntry) -> SafeString | str:
        return ago(entry.changed_at)

    @admin.display(description="Tried again")
    def tried_again(self, entry: OutboxEntry) -> SafeString | str:
        return ago(entry.not_before, "")

    @admin.display(description="What we sent")
    def payload_sent(self, entry: OutboxEntry) -> SafeString | str:
        return pretty(entry.payload)


@admin.register(SyncRun)
class SyncRunAdmin(MachineRows):
    role = Role.STAFF
    list_display = (
        "name",
        "what",
        "standing",
        "trigger",
        "started",
        "took",
        "rows_read",
        "rows_done",
        "by",
    )
    list_filter = ("state", "kind", RunObjectFilter, "trigger", "created_at")
    list_select_related = ("started_by",)
    fields = (
        "name", "what", "standing", "trigger", "by", "created_at", "started_at", "finished_at", "took", "total",
        "rows_read", "rows_done", "counted", "api_calls", "full", "error",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[SyncRun]:
        """A run of several objects is told by what its children did."""
        runs: QuerySet[SyncRun] = super().get_queryset(request)
        return runs.annotate(
            all_read=Coalesce(of_children("read"), F("read")),
            all_done=Coalesce(of_children("done"), F("done")),
        )

    @admin.display(description="What", ordering="object")
    def what(self, run: SyncRun) -> str:
        return LABELS.get(run.object, run.object) or "All objects"

    @admin.display(description="Run", ordering="id")
    def name(self, run: SyncRun) -> str:
        return f"{run.get_kind_display().capitalize()} {run.pk}"

    @admin.display(description="State")
    def standing(self, run: SyncRun) -> SafeString:
        return badge(*RUN_BADGES[run.state])

    @admin.display(description="Started", ordering="started_at")
    def started(self, run: SyncRun) -> SafeString | str:
        return ago(run.started_at, "not yet")

    @admin.display(description="Took")
    def took(self, run: SyncRun) -> str:
        if run.started_at is None or run.finished_at is None:
            return ""
        return duration((run.finished_at - run.started_at).total_seconds())

    @admin.display(description="Read", ordering="read")
    def rows_read(self, run: Any) -> str:
        return number(run.all_read)

    @admin.display(description="Applied", ordering="done")
    def rows_done(self, run: Any) -> str:
        return number(run.all_done)

    @admin.display(description="By")
    def by(self, run: SyncRun) -> str:
        return str(run.started_by or "")

    @admin.display(description="Counts")
    def counted(self, run: SyncRun) -> str:
        counts = Counter(run.counts)
        for child in run.children.all():
            counts.update(child.counts)
        said = [f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items() if count]
        return ", ".join(said) or "nothing changed"


@admin.register(AuditEntry)
class AuditAdmin(MachineRows):
    list_display = ("action", "changed", "actor", "when")
    list_filter = ("action", "at")
    list_select_related = ("actor",)
    search_fields = ("action", "actor__email")
    fields = ("action", "changed", "actor", "at")

    @admin.display(description="Change")
    def changed(self, entry: AuditEntry) -> SafeString:
        told = [change_in_words(change) for change in entry.changes if change["from"] != change["to"]]
        said = [f"{change['name']}: {change['before']} → {change['after']}" for change in told]
        return format_html('<span class="ls-message">{}</span>', "; ".join(said))

    @admin.display(description="When", ordering="at")
    def when(self, entry: AuditEntry) -> SafeString | str:
        return ago(entry.at)

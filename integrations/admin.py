"""Errors, what waits, runs and the audit: rows the machine writes, to look at."""

import json
from collections import Counter
from typing import Any

from django.contrib import admin
from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.views import ChangeList

from crm.admin_rights import MachineRows, badge, record_link, record_names
from crm.listing import COUNT_LIMIT
from crm.roles import Role
from crm.templatetags.lockstep import ago, duration, number
from integrations.configuration.words import change_in_words
from integrations.models import AuditEntry, OutboxEntry, SyncError, SyncRun
from integrations.overview import LABELS
from mappings.catalogue import SALESFORCE_OBJECTS

ERROR_BADGES = {
    "open": ("bad", "error", "Open"),
    "retrying": ("info", "sync", "Retrying"),
    "closed": ("good", "check_circle", "Closed"),
}
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


def pretty(value: Any) -> SafeString | str:
    if not value:
        return ""
    return format_html(
        '<pre class="ls-mono ls-pre">{}</pre>', json.dumps(value, indent=2, ensure_ascii=False)
    )


class NamedRecords(ChangeList):
    """Names the records of the page's rows at once, not row by row."""

    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: list[Any] = list(self.result_list)
        names = record_names((row.kind, row.record_id) for row in rows)
        for row in rows:
            row.named_record = names.get((row.kind, row.record_id))
        self.result_list = rows


class RecordRows(MachineRows):
    """Rows that speak of a record by kind and id."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return NamedRecords

    @admin.display(description="Record")
    def record(self, row: Any) -> SafeString | str:
        named = row.named_record if hasattr(row, "named_record") else None
        if named is None and not hasattr(row, "named_record"):
            named = record_names([(row.kind, row.record_id)]).get((row.kind, row.record_id))
        return record_link(named, row.kind, row.record_id)


class StateFilter(admin.SimpleListFilter):
    """Errors that need somebody come first; closed ones on demand."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("retrying", "Retrying"), ("closed", "Closed"), ("all", "All")]

    def choices(self, changelist: Any) -> Any:
        first, *others = super().choices(changelist)
        return [{**first, "display": "Open"}, *others]

    def queryset(self, request: HttpRequest, queryset: QuerySet[SyncError]) -> QuerySet[SyncError]:
        wanted = self.value() or "open"
        return queryset if wanted == "all" else queryset.filter(state=wanted)


class ObjectFilter(admin.SimpleListFilter):
    """Django's own would look through all rows for the names that occur."""

    title = "Salesforce object"
    parameter_name = "salesforce_object"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in SALESFORCE_OBJECTS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.parameter_name: self.value()}) if self.value() else queryset


class RunObjectFilter(ObjectFilter):
    title = "what"
    parameter_name = "object"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(LABELS.items())


def of_children(column: str) -> Subquery:
    """The sum over a run's children; none where it has none."""
    children = SyncRun.objects.filter(parent=OuterRef("pk")).order_by().values("parent")
    return Subquery(children.annotate(rows=Sum(column)).values("rows"))


class CodeFilter(admin.SimpleListFilter):
    """Offers the codes of the newest 10,000 errors, so that it doesn't look through all."""

    title = "code"
    parameter_name = "code"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        newest = SyncError.objects.order_by("-changed_at", "-id").values("code")[:COUNT_LIMIT]
        codes = newest.aggregate(codes=ArrayAgg("code", distinct=True, default=[]))["codes"]
        return [(code, code) for code in codes]

    def queryset(self, request: HttpRequest, queryset: QuerySet[SyncError]) -> QuerySet[SyncError]:
        return queryset.filter(code=self.value()) if self.value() else queryset


@admin.register(SyncError)
class SyncErrorAdmin(RecordRows):
    role = Role.STAFF
    list_display = ("what", "record", "salesforce_object", "field", "standing", "attempts", "changed")
    list_filter = (StateFilter, CodeFilter, ObjectFilter, "source", "changed_at")
    search_fields = ("message", "code", "field", "salesforce_id")
    search_help_text = "Message, code, field or Salesforce id"
    fields = (
        "what", "code", "record", "salesforce_object", "salesforce_id", "field", "existing_id", "held_by_us",
        "standing", "attempts", "run", "sent_values", "created_at", "changed_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[SyncError]:
        rows: QuerySet[SyncError] = super().get_queryset(request)
        return rows.defer("sent")

    @admin.display(description="What went wrong")
    def what(self, error: SyncError) -> SafeString:
        return format_html('<span class="ls-message">{}</span>', error.message or error.code)

    @admin.display(description="State")
    def standing(self, error: SyncError) -> SafeString:
        return badge(*ERROR_BADGES[error.state])

    @admin.display(description="What we sent")
    def sent_values(self, error: SyncError) -> SafeString | str:
        return pretty(error.sent)

    @admin.display(description="Last", ordering="changed_at")
    def changed(self, error: SyncError) -> SafeString | str:
        return ago(error.changed_at)


@admin.register(OutboxEntry)
class OutboxAdmin(RecordRows):
    role = Role.STAFF
    list_display = ("record", "kind", "standing", "since", "attempts", "tried_again")
    list_display_links = ("kind",)
    list_filter = ("state", "kind", "live")
    ordering = ("-id",)
    fields = (
        "record",
        "kind",
        "standing",
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

"""The filters of the error log; none looks through all rows for its choices."""

from typing import Any

from django.contrib import admin
from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import QuerySet
from django.http import HttpRequest

from crm.listing import COUNT_LIMIT
from integrations.admin.records import ObjectFilter
from integrations.error_log.causes import NO_FIELD, with_detail
from integrations.models import SyncError


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


class ErrorObjectFilter(ObjectFilter):
    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [*super().lookups(request, model_admin), ("OpportunityContactRole", "OpportunityContactRole")]


class CodeFilter(admin.SimpleListFilter):
    """Offers the codes of the newest 10,000 errors."""

    title = "code"
    parameter_name = "code"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        newest = SyncError.objects.order_by("-changed_at", "-id").values("code")[:COUNT_LIMIT]
        codes = newest.aggregate(codes=ArrayAgg("code", distinct=True, default=[]))["codes"]
        return [(code, code) for code in codes]

    def queryset(self, request: HttpRequest, queryset: QuerySet[SyncError]) -> QuerySet[SyncError]:
        return queryset.filter(code=self.value()) if self.value() else queryset


class ChosenFilter(admin.SimpleListFilter):
    """Set by following a cause, shown so that it can be taken off again."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        chosen = self.value()
        return [(chosen, chosen)] if chosen else []


class FieldFilter(ChosenFilter):
    title = "field"
    parameter_name = "field"

    def queryset(self, request: HttpRequest, queryset: QuerySet[SyncError]) -> QuerySet[SyncError]:
        chosen = self.value()
        return queryset.filter(field="" if chosen == NO_FIELD else chosen) if chosen else queryset


class DetailFilter(ChosenFilter):
    title = "what is wrong"
    parameter_name = "detail"

    def queryset(self, request: HttpRequest, queryset: QuerySet[SyncError]) -> QuerySet[SyncError]:
        return with_detail(queryset).filter(detail=self.value()) if self.value() else queryset

"""Rows that speak of a record by kind and id, named a page at a time."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.views import ChangeList

from crm.admin_rights import MachineRows, record_link, record_names
from mappings.catalogue import SALESFORCE_OBJECTS


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
        named = row.named_record if hasattr(row, "named_record") else self.named(row)
        return record_link(named, row.kind, row.record_id)

    def named(self, row: Any) -> Any:
        """The one record of one row."""
        return record_names([(row.kind, row.record_id)]).get((row.kind, row.record_id))


class ObjectFilter(admin.SimpleListFilter):
    """Django's own would look through all rows for the names that occur."""

    title = "Salesforce object"
    parameter_name = "salesforce_object"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in SALESFORCE_OBJECTS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(**{self.parameter_name: self.value()}) if self.value() else queryset

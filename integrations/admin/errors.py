"""The error log: causes first, then the list; each row opens to what was sent and what to do (spec E1–E3)."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.admin_rights import MODELS, badge
from crm.listing import COUNT_LIMIT, bounded_count
from crm.pages import render_page
from crm.roles import Role, has_role
from crm.search import matching
from crm.templatetags.lockstep import ago
from integrations.admin.error_filters import (
    CodeFilter,
    DetailFilter,
    ErrorObjectFilter,
    FieldFilter,
    StateFilter,
)
from integrations.admin.records import RecordRows
from integrations.badges import address_in
from integrations.error_log.causes import causes_of
from integrations.error_log.explaining import explain
from integrations.error_log.exporting import csv_lines
from integrations.models import RecordLink, SyncError
from integrations.sync import linking_by_hand
from integrations.sync.refusals import Refused
from integrations.sync.retrying import retriable, retry

BADGES = {
    "open": ("bad", "error", "Open"),
    "retrying": ("info", "sync", "Retrying"),
    "closed": ("good", "check_circle", "Closed"),
}
LIST = "admin:integrations_syncerror_changelist"
ONE = "admin:integrations_syncerror_change"
NAMED_AT_MOST = 100


@admin.register(SyncError)
class SyncErrorAdmin(RecordRows):
    role = Role.STAFF
    list_display = ("what", "changed", "record", "there", "field", "standing", "attempts")
    list_filter = (
        StateFilter,
        CodeFilter,
        ErrorObjectFilter,
        "source",
        "changed_at",
        FieldFilter,
        DetailFilter,
    )
    search_fields = ("message",)
    search_help_text = "Message, code, field, Salesforce id or name"
    actions = ("retry_selected",)
    list_before_template = "integrations/_causes.html"
    change_list_template = "integrations/errors.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[SyncError]:
        rows: QuerySet[SyncError] = super().get_queryset(request)
        return rows.defer("sent").select_related("connection")

    def get_urls(self) -> list[URLPattern]:
        site = self.admin_site
        own = [
            path("retry/", site.admin_view(require_http_methods(["GET", "POST"])(self.retry_filtered)),
                 name="integrations_syncerror_retry"),
            path("export/", site.admin_view(require_safe(self.export)), name="integrations_syncerror_export"),
            path("<int:pk>/retry/", site.admin_view(require_POST(self.retry_one)),
                 name="integrations_syncerror_retry_one"),
            path("<int:pk>/link/", site.admin_view(require_POST(self.link)), name="integrations_syncerror_link"),
        ]  # fmt: skip
        return [*own, *super().get_urls()]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[SyncError], search_term: str
    ) -> tuple[QuerySet[SyncError], bool]:
        """Among the newest 10,000 of the filter: a word may stand anywhere in a message, which no index knows."""
        term = search_term.strip()
        if not term:
            return queryset, False
        newest = queryset.order_by("-changed_at", "-id").values("pk")[:COUNT_LIMIT]
        hit = Q(message__icontains=term) | Q(code__icontains=term) | Q(field__iexact=term)
        hit |= Q(salesforce_id__startswith=term) | Q(existing_id__startswith=term)
        for kind, model in MODELS.items():
            ids = list(matching(model.objects.order_by(), term).values_list("pk", flat=True)[:NAMED_AT_MOST])
            hit |= Q(kind=kind, record_id__in=ids)
        return queryset.filter(hit, pk__in=newest), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        answer: HttpResponse = super().changelist_view(request, extra_context)
        changelist = getattr(answer, "context_data", {}).get("cl")
        if changelist is not None and hasattr(answer, "context_data"):
            answer.context_data |= {
                "causes": causes_of(changelist.queryset) if changelist.result_count else [],
                "filters": request.GET.urlencode(),
            }
        return answer

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        error = self._error(request, unquote(object_id))
        explanation = explain(error)
        error.named_record = self.named(error)  # type: ignore[attr-defined]
        context = {
            "problem": error,  # not `error`: the frame's messages take that name
            "explanation": explanation,
            "record": self.record(error),
            "standing": self.standing(error),
            "can_retry": retriable(
                SyncError.objects.filter(pk=error.pk), by_admin=_by_admin(request)
            ).exists(),
            "is_admin": has_role(request.user, Role.ADMIN),
        }
        return render_page(request, "integrations/error.html", context, title=explanation.title)

    def retry_filtered(self, request: HttpRequest) -> HttpResponse:
        """Says how many first, then sends those of the filter again."""
        errors = self._filtered(request)
        back = redirect(f"{reverse(LIST)}?{request.GET.urlencode()}")
        if request.method == "POST":
            self._say(
                request, retry(errors, now=timezone.now(), most=COUNT_LIMIT, by_admin=_by_admin(request))
            )
            return redirect(LIST)
        wanted = retriable(errors, by_admin=_by_admin(request))
        count = bounded_count(wanted)
        if not count:
            messages.warning(
                request, "None of these can be sent again: a pull tries its own again by itself."
            )
            return back
        others = bounded_count(errors).value - count.value
        context = {"count": count, "others": max(others, 0), "causes": causes_of(wanted)}
        return render_page(request, "integrations/errors_retry.html", context, title=f"Retry {count}?")

    def retry_one(self, request: HttpRequest, pk: int) -> HttpResponse:
        error = self._error(request, pk)
        one = SyncError.objects.filter(pk=error.pk)
        self._say(request, retry(one, now=timezone.now(), by_admin=_by_admin(request)))
        return redirect(ONE, pk)

    def link(self, request: HttpRequest, pk: int) -> HttpResponse:
        error = self._error(request, pk)
        try:
            linking_by_hand.link_to(error, request.POST.get("to", ""), now=timezone.now())
        except Refused as refusal:
            messages.error(request, refusal.reason)
        else:
            messages.success(
                request, "Linked. What differs between the two is settled as your field map says."
            )
        return redirect(ONE, pk)

    def export(self, request: HttpRequest) -> StreamingHttpResponse:
        lines = csv_lines(self._filtered(request).defer(None))
        answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = 'attachment; filename="errors.csv"'
        return answer

    @admin.action(description="Retry")
    def retry_selected(self, request: HttpRequest, errors: QuerySet[SyncError]) -> HttpResponse | None:
        if request.POST.get("select_across") == "1":
            return redirect(f"{reverse('admin:integrations_syncerror_retry')}?{request.GET.urlencode()}")
        self._say(request, retry(errors, now=timezone.now(), by_admin=_by_admin(request)))
        return None

    def _filtered(self, request: HttpRequest) -> QuerySet[SyncError]:
        """What the list shows at the same address."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            changelist = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            raise Http404("There is no such filter.") from None
        rows: QuerySet[SyncError] = changelist.get_queryset(request)
        return rows

    def _error(self, request: HttpRequest, pk: Any) -> SyncError:
        if not self.has_view_permission(request):
            raise PermissionDenied
        wanted = str(pk)
        if not wanted.isascii() or not wanted.isdigit() or len(wanted) > 18:
            raise Http404("There is no such error.")
        error = SyncError.objects.select_related("connection").filter(pk=int(wanted)).first()
        if error is None:
            raise Http404("There is no such error. It may belong to a connection that was removed.")
        return error

    def _say(self, request: HttpRequest, retried: int) -> None:
        if retried:
            what = "1 record is" if retried == 1 else f"{retried:,} records are"
            messages.success(request, f"{what} sent again as soon as edits go out.")
        else:
            messages.warning(
                request, "There was nothing to send again: a pull tries its own errors by itself."
            )

    @admin.display(description="What went wrong")
    def what(self, error: SyncError) -> SafeString:
        return format_html(
            '<span class="ls-message">{}<br><span class="ls-mono ls-subtle ls-code">{}</span></span>',
            error.message,
            error.code,
        )

    @admin.display(description="Salesforce")
    def there(self, error: SyncError) -> SafeString | str:
        if not error.salesforce_id or not error.salesforce_object:
            return error.salesforce_object
        link = RecordLink(salesforce_object=error.salesforce_object, salesforce_id=error.salesforce_id)
        url = address_in(error.connection, link)
        if not url:
            return error.salesforce_object
        return format_html('<a href="{}" rel="noopener" target="_blank">{}</a>', url, error.salesforce_object)

    @admin.display(description="State")
    def standing(self, error: SyncError) -> SafeString:
        return badge(*BADGES[error.state])

    @admin.display(description="Last", ordering="changed_at")
    def changed(self, error: SyncError) -> SafeString | str:
        return ago(error.changed_at)


def _by_admin(request: HttpRequest) -> bool:
    """Only an admin says yes to deleting many records (C8)."""
    return has_role(request.user, Role.ADMIN)

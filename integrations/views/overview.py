"""The integrations list, the Salesforce overview, its live parts, and the connection's own page."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRefresh

from crm.pages import render_page
from crm.roles import Role, SignedInRequest, has_role, role_required
from integrations.models import AuditEntry, Connection, SalesforceOwner, SyncRun
from integrations.overview import live_overview
from integrations.progress import progress_of
from integrations.sync.external_ids import FIELD, external_ids
from integrations.sync.pull.runs import open_run
from integrations.views.connecting import callback_address, connect, connect_form


@role_required(Role.STAFF)
@require_safe
def integrations(request: SignedInRequest) -> HttpResponse:
    context = {"connection": Connection.objects.live().first()}
    return render_page(request, "integrations/list.html", context, title="Integrations")


@role_required(Role.STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def salesforce(request: SignedInRequest) -> HttpResponse:
    """The overview; while nothing is connected, the walk-through and its form."""
    is_admin = has_role(request.user, Role.ADMIN)
    overview = live_overview(timezone.now())
    if overview is None and is_admin:
        return connect(request) if request.method == "POST" else connect_form(request)
    if overview is None:
        return render_page(request, "integrations/not_connected.html", title="Salesforce")
    if request.method == "POST":
        return redirect("salesforce")
    context = {"overview": overview, "is_admin": is_admin, **_progress(overview.connection)}
    return render_page(request, "integrations/overview.html", context, title=overview.title)


@role_required(Role.STAFF)
@require_safe
@never_cache
def progress(request: SignedInRequest) -> HttpResponse:
    """A fragment that asks for itself again; once things stand otherwise than it saw, the page is loaded anew."""
    connection = Connection.objects.live().first()
    if connection is None:
        return HttpResponseClientRefresh()
    context = _progress(connection)
    if request.GET.get("seen") != context["standing"]:
        return HttpResponseClientRefresh()
    return render(request, "integrations/_progress.html", context)


@role_required(Role.SALES)
@require_safe
def banner(request: SignedInRequest) -> HttpResponse:
    """On every page while Salesforce needs sign-in (A6); else nothing. The overview says so itself."""
    if request.htmx.current_url_abs_path == reverse("salesforce"):
        return HttpResponse()
    connection = Connection.objects.live().exclude(needs_sign_in_since=None).first()
    return render(request, "integrations/_banner.html", {"connection": connection})


@role_required(Role.ADMIN)
@require_safe
def connection(request: SignedInRequest) -> HttpResponse:
    live = Connection.objects.live().select_related("connected_by").first()
    if live is None:
        return redirect("salesforce")
    context = {
        "connection": live,
        "callback": callback_address(request),
        "external_ids": external_ids(live),
        "external_id": FIELD,
        "audit": AuditEntry.objects.select_related("actor")[:10],
        "owners": SalesforceOwner.objects.filter(connection=live, is_active=True, is_queue=False).count(),
        "unmatched": SalesforceOwner.objects.filter(
            connection=live, is_active=True, is_queue=False, user=None
        ).count(),
        "ended": Connection.objects.exclude(disconnected_at=None),
    }
    return render_page(request, "integrations/connection.html", context, title="Salesforce connection")


def _progress(connection: Connection) -> dict[str, Any]:
    """`standing` tells also of a run that began and ended unseen, and of settings that are prepared by now."""
    run = open_run(connection)
    latest = SyncRun.objects.filter(connection=connection, parent=None).first()
    prepared = "prepared" if connection.prepared_at else "new"
    return {
        "progress": progress_of(run, timezone.now()) if run else None,
        "standing": f"{connection.state}-{prepared}-{latest.pk if latest else 0}-{'open' if run else 'idle'}",
    }

"""Records in Salesforce that pulls skip, as they were merged or deleted here, and *Bring back* (spec C8, C9)."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from crm.pages import render_page
from crm.roles import Role, SignedInRequest, role_required
from crm.views.lists import id_in
from integrations.merging import bringing_back
from integrations.merging.listing import page_of_links, rows_of
from integrations.models import Connection, ConnectionState
from integrations.overview import LABELS
from integrations.views.records import kind_or_404

MOST = 200
SELECTED = "selected"
PULLS_LATER = {
    ConnectionState.NEEDS_SIGN_IN: "once an admin has signed in to Salesforce again",
    ConnectionState.PAUSED: "once syncing is resumed",
    ConnectionState.CONFIGURING: "once syncing is on",
}


@role_required(Role.STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def skipped(request: SignedInRequest) -> HttpResponse:
    if request.method == "POST":
        _bring_back(request)
        return redirect(request.get_full_path())
    wanted = request.GET.get("object", "")
    links = bringing_back.skipped()
    if wanted in LABELS:
        links = links.filter(salesforce_object=wanted)
    page = page_of_links(links, after=id_in(request.GET.get("after")))
    connection = Connection.objects.live().first()
    context: dict[str, Any] = {
        "page": page,
        "objects": LABELS,
        "wanted": wanted if wanted in LABELS else "",
        "when": PULLS_LATER.get(connection.state, "") if connection else "",
    }
    return render_page(request, "integrations/skipped.html", context, title="Skipped by pulls")


def _bring_back(request: SignedInRequest) -> None:
    """`bring` is a link's id, or `selected`."""
    which = request.POST.get("bring", "")
    ids = request.POST.getlist("pick")[:MOST] if which == SELECTED else [which]
    chosen = [pk for pk in map(id_in, ids) if pk]
    if not chosen:
        messages.warning(request, "Nothing was brought back: tick the records first.")
        return
    count = bringing_back.bring_back(chosen, user=request.user, now=timezone.now())
    if count:
        words = "1 record comes" if count == 1 else f"{count:,} records come"
        messages.success(request, f"{words} back with the next pull.")
    else:
        messages.info(request, "That was brought back already: it comes with the next pull.")


@role_required(Role.SALES)
@require_safe
def of_record(request: SignedInRequest, kind: str, pk: int) -> HttpResponse:
    """A fragment on the page of a merged record: what Salesforce keeps of it."""
    links = bringing_back.skipped().filter(kind=kind_or_404(kind), merged_record_id=pk)
    rows = rows_of(list(links.select_related("connection")[:MOST]))
    return render(request, "integrations/_skipped_of_record.html", {"rows": rows})

"""Records here that Salesforce no longer shows, and *Mark as gone* (spec C3); and the check that finds them."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from crm.pages import render_page
from crm.roles import Role, SignedInRequest, has_role, role_required
from crm.views.lists import id_in
from integrations import not_visible as unseen
from integrations.merging.listing import page_of_links
from integrations.overview import LABELS

MOST = 200
SELECTED = "selected"


@role_required(Role.STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def not_visible(request: SignedInRequest) -> HttpResponse:
    """Staff may look; what is marked ends a link, so that is an admin's."""
    is_admin = has_role(request.user, Role.ADMIN)
    if request.method == "POST":
        if not is_admin:
            raise PermissionDenied
        _mark(request)
        return redirect(request.get_full_path())
    wanted = request.GET.get("object", "")
    links = unseen.not_visible()
    if wanted in LABELS:
        links = links.filter(salesforce_object=wanted)
    context: dict[str, Any] = {
        "page": page_of_links(links, after=id_in(request.GET.get("after"))),
        "objects": LABELS,
        "wanted": wanted if wanted in LABELS else "",
        "is_admin": is_admin,
    }
    return render_page(request, "integrations/not_visible.html", context, title="Not visible in Salesforce")


def _mark(request: SignedInRequest) -> None:
    """`gone` is a link's id, or `selected`."""
    which = request.POST.get("gone", "")
    ids = request.POST.getlist("pick")[:MOST] if which == SELECTED else [which]
    chosen = [pk for pk in map(id_in, ids) if pk]
    if not chosen:
        messages.warning(request, "Nothing was marked: tick the records first.")
        return
    count = unseen.mark_gone(chosen, user=request.user, now=timezone.now())
    if count:
        messages.success(
            request, f"{count:,} record{'' if count == 1 else 's'} marked as gone in Salesforce."
        )
    else:
        messages.info(request, "That was marked already, or Salesforce shows it again.")

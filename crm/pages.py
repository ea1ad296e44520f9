"""Our own pages inside the admin's frame, and the pages that say no."""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from crm.roles import Role, has_role


def render_page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    title: str,
    status: int = 200,
) -> HttpResponse:
    """Render a template that extends `page.html`: navigation, light and dark, messages and all.

    Fragments that htmx puts into a page are plain `render`s.
    """
    frame = admin.site.each_context(request)
    return render(request, template, {**frame, "title": title, **(context or {})}, status=status)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    reason = str(exception or "") or "Your role doesn't allow this."
    return refuse(request, 403, "Not for you", reason)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    said = str(exception) if isinstance(exception, Http404) and exception.args else ""
    in_words = said if said and not said.startswith("No ") and "{" not in said else ""
    return refuse(
        request, 404, "Nothing here", in_words or "There is no such page. It may have been deleted or moved."
    )


def refuse(request: HttpRequest, status: int, title: str, reason: str) -> HttpResponse:
    """Say no in words: as a sentence to htmx, inside the frame to those who have one, else bare."""
    if getattr(request, "htmx", None):
        return HttpResponse(reason, status=status, content_type="text/plain; charset=utf-8")
    context = {"reason": reason, "status": status}
    if has_role(request.user, Role.SALES):
        return render_page(request, "refusal.html", context, title=title, status=status)
    page = render_to_string("refusal_bare.html", {**context, "title": title}, request)
    return HttpResponse(page, status=status)

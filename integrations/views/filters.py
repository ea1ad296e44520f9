"""Fragments of the condition builder: a condition's row, and how many records meet them all (spec C12)."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from crm.roles import Role, SignedInRequest, role_required
from integrations.configuration.pages import PAGES, SettingsPage
from integrations.configuration.workspace import Workspace
from integrations.models import SyncedObject
from integrations.pull_filters.builder import Builder, read_condition, read_conditions
from integrations.pull_filters.conditions import UNARY
from integrations.pull_filters.counting import count_matches


@require_safe
@role_required(Role.ADMIN)
def condition(request: SignedInRequest, slug: str) -> HttpResponse:
    """A new row, or the one that is sent, with what its field and operator ask for."""
    page, workspace = _page(slug), Workspace.read()
    builder = Builder(page.object, (workspace.schema or {}).get(page.object, {}), workspace.connection)
    number = request.GET.get("filter")
    if number is None:
        row = builder.new_row()
    else:
        row = builder.row(read_condition(request.GET, number), number=number, check=False)
    return render(request, "integrations/settings/_condition.html", {"row": row, "page": page})


@require_POST
@role_required(Role.ADMIN)
def matches(request: SignedInRequest, slug: str) -> HttpResponse:
    """How many meet the conditions as they are typed, and what that will do; writes nothing."""
    page, workspace = _page(slug), Workspace.read()
    conditions = read_conditions(request.POST, [])
    stored = workspace.state.settings["pull.filters"].get(page.object, [])
    told = [condition for condition in conditions if condition["operator"] in UNARY or condition["value"]]
    context = {
        "page": page,
        "conditions": told,
        "unsaid": len(conditions) - len(told),
        "changed": read_conditions(request.POST, stored) != stored,
        "synced": SyncedObject.objects.filter(connection=workspace.connection, name=page.object).first(),
    }
    if told:
        fields = (workspace.schema or {}).get(page.object, {})
        context["matches"] = count_matches(workspace.connection, page.object, told, fields)
    return render(request, "integrations/settings/_matches.html", context)


def _page(slug: str) -> SettingsPage:
    page = PAGES.get(slug)
    if page is None or not page.object:
        raise Http404("That page has no pull filter.")
    return page

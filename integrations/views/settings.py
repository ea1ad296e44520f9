"""The settings pages of Salesforce: read, edited and saved as pieces of the configuration file."""

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone

from crm.models import AccountStage, ContactStage
from crm.pages import render_page
from crm.roles import Role, SignedInRequest, role_required
from integrations.configuration.changes import Change, ChangedMeanwhile, InvalidConfiguration, Problem
from integrations.configuration.importing import Seen, differences, import_configuration, in_scope
from integrations.configuration.map_editor import MapEditor, MapRow
from integrations.configuration.options import Control, Option
from integrations.configuration.pages import PAGES, SettingsPage
from integrations.configuration.submission import (
    Unreadable,
    apply_edits,
    as_fragment,
    read_edits,
    read_seen,
)
from integrations.configuration.words import change_in_words
from integrations.configuration.workspace import STAGE_MODELS, State, Workspace
from integrations.models import AuditEntry, Connection, SyncedObject
from integrations.pull_filters.builder import Builder
from integrations.pull_filters.sorting import start_sorting
from integrations.sync import due
from integrations.tasks import pull_slice, ring, show_or_hide
from mappings.models import Conflict

TRY_AGAIN = "That page was out of date, and nothing was saved. This is how the settings stand now."


@role_required(Role.ADMIN)
def settings_page(request: SignedInRequest, slug: str) -> HttpResponseBase:
    page = PAGES[slug]
    if request.method == "POST":
        return _save(request, page)
    workspace = Workspace.read()
    return _show(request, page, workspace, workspace.state)


@role_required(Role.ADMIN)
def new_map_row(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """The fragment of a map row that isn't saved yet: `field` or `salesforce` names the side that is known."""
    page = PAGES[slug]
    if not page.object:
        raise Http404("That page has no field map.")
    workspace = Workspace.read()
    editor = MapEditor(page.object, workspace.state, workspace)
    if field := request.GET.get("field"):
        row = editor.new_row_here(field)
    else:
        row = editor.new_row_there(request.GET.get("salesforce", ""), make="make" in request.GET)
    if row is None:
        raise Http404("That field is mapped already, or can't be. Reload the page.")
    return render(request, "integrations/settings/_map_row.html", {"row": row, "conflicts": Conflict.choices})


def _save(request: SignedInRequest, page: SettingsPage) -> HttpResponse:
    try:
        seen = read_seen(page, request.POST)
    except Unreadable:
        messages.error(request, TRY_AGAIN)
        return redirect(page.url_name)
    edits = read_edits(page, request.POST, seen)
    workspace = Workspace.read()
    draft = apply_edits(workspace.state, edits)
    created = set(request.POST.getlist("create"))
    try:
        changes = import_configuration(
            as_fragment(page, edits, draft, created),
            actor=request.user,
            now=timezone.now(),
            seen=Seen(page.scope, seen),
            action=f"{page.title} settings saved",
        )
    except ChangedMeanwhile as meanwhile:
        return _show(request, page, workspace, draft, meanwhile=meanwhile.changes, status=409)
    except InvalidConfiguration as invalid:
        return _show(request, page, workspace, draft, problems=invalid.problems, status=422)
    if changes:
        for connection in due.to_show_or_hide():
            ring(show_or_hide, connection_id=connection.pk)
        messages.success(request, f"{_saved(changes)} {_sort_again(page, changes)}".strip())
    else:
        messages.info(request, "Nothing was changed.")
    return redirect(page.url_name)


def _sort_again(page: SettingsPage, changes: list[Change]) -> str:
    """A changed filter sorts all that was pulled: at once, or with the pull that runs next. Says which."""
    connection = Connection.objects.live().first()
    if connection is None or not any(change.path == "settings.pull.filters" for change in changes):
        return ""
    if run := start_sorting(connection, timezone.now()):
        ring(pull_slice, run_id=run.pk)
        return f"{page.title} are read again now, and sorted by the filter."
    return f"The next pull reads {page.title.lower()} again, and sorts them by the filter."


def _saved(changes: list[Change]) -> str:
    count = f"{len(changes)} change{'' if len(changes) == 1 else 's'} saved."
    is_map = any(change.path.split(".")[0] in ("maps", "values", "stages") for change in changes)
    return f"{count} The next pull reads these records again where a map changed." if is_map else count


def _show(
    request: SignedInRequest,
    page: SettingsPage,
    workspace: Workspace,
    draft: State,
    *,
    problems: list[Problem] | None = None,
    meanwhile: list[Change] | None = None,
    status: int = 200,
) -> HttpResponse:
    problems = problems or []
    flat = in_scope(workspace.state.flat(), page.scope)
    linked = dict(SyncedObject.objects.filter(connection=workspace.connection).values_list("name", "linked"))
    context = {
        "page": page,
        "pages": PAGES.values(),
        "connected": workspace.connection is not None,
        "sections": [
            {
                "section": section,
                "controls": [_control(page, option, draft, problems) for option in section.options],
            }
            for section in page.sections
        ],
        "linked": linked.get(page.object, 0) if page.object else sum(linked.values()),
        "seen": json.dumps(flat),
        "pending": len(differences(flat, in_scope(draft.flat(), page.scope))),
        "problems": problems,
        "meanwhile": [change_in_words(change.as_dict()) for change in meanwhile or ()],
        "last_saved": _last_saved() if meanwhile else None,
        **(_map_context(page, workspace, draft, problems) if page.object else {}),
        **(_filter_context(page, workspace, draft) if page.object else {}),
    }
    title = f"Salesforce: {page.title}"
    return render_page(request, "integrations/settings/page.html", context, title=title, status=status)


def _control(page: SettingsPage, option: Option, draft: State, problems: list[Problem]) -> dict[str, Any]:
    path = f"settings.{option.path}"
    value = draft.settings[option.path]
    return {
        "option": option,
        "kind": option.control.value,
        "name": path,
        "id": path.replace(".", "-"),
        "value": page.object in value if option.control is Control.HIDE else value,
        "object": page.object,
        "stages": _stages(option, value) if option.control is Control.STAGES else [],
        "errors": [item.problem for item in problems if item.path.startswith(path)],
    }


def _stages(option: Option, chosen: list[str | None] | None) -> list[dict[str, Any]]:
    model: type[AccountStage] | type[ContactStage] = STAGE_MODELS[option.stage_kind]
    names = [None, *model._default_manager.values_list("name", flat=True)]
    return [
        {"value": name or "", "label": name or "No stage", "chosen": name in (chosen or [])} for name in names
    ]


def _map_context(
    page: SettingsPage, workspace: Workspace, draft: State, problems: list[Problem]
) -> dict[str, Any]:
    if workspace.schema is None:
        return {"editor": None}
    editor = MapEditor(page.object, draft, workspace)
    rows = editor.rows()
    return {
        "editor": editor,
        "rows": _with_problems(page.object, rows, problems),
        "unmapped": editor.unmapped(),
        "unmapped_here": editor.unmapped_here(),
        "conflicts": Conflict.choices,
        "suspended": sum(bool(row.suspended) for row in rows),
    }


def _filter_context(page: SettingsPage, workspace: Workspace, draft: State) -> dict[str, Any]:
    fields = (workspace.schema or {}).get(page.object)
    if not fields:
        return {"builder": None}
    builder = Builder(page.object, fields, workspace.connection)
    conditions = draft.settings["pull.filters"].get(page.object, [])
    return {"builder": builder, "conditions": builder.rows(conditions, check=True)}


def _with_problems(object_name: str, rows: list[MapRow], problems: list[Problem]) -> list[MapRow]:
    for place, row in enumerate(rows):
        starts = [f"maps.{object_name}[{place}]"]
        if row.values_key == "stage":
            starts.append(f"stages.{object_name}")
        elif row.values_key:
            starts.append(f"values.{object_name}.{row.values_key}")
        row.problems = [item.problem for item in problems if item.path.startswith(tuple(starts))]
    return rows


def _last_saved() -> AuditEntry | None:
    return AuditEntry.objects.select_related("actor").first()

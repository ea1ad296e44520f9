"""The page of one person, account or deal: see, make, edit, delete, and where each value comes from."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from crm import journal
from crm.duplicates import twins_of
from crm.forms import FORMS, RecordForm
from crm.history import history_of, origin_of, told_beside
from crm.layout import groups_of, labels_of
from crm.listing import page_of
from crm.matching import compare_now
from crm.merges_told import merge_of
from crm.models import Account, Contact, Deal, Kind, Record
from crm.pages import render_page
from crm.related import consequences_of_deleting, related_to
from crm.roles import Role, SignedInRequest, role_required
from crm.views.lists import id_in

MODELS: dict[str, type[Record]] = {Kind.CONTACT: Contact, Kind.ACCOUNT: Account, Kind.DEAL: Deal}
LISTS = {Kind.CONTACT: "people", Kind.ACCOUNT: "accounts", Kind.DEAL: "deals"}
PAGES = {Kind.CONTACT: "person", Kind.ACCOUNT: "account", Kind.DEAL: "deal"}
ORIGIN = "web"


def record_or_404(kind: str, pk: int, *, lock: bool = False) -> Any:
    """A locked row waits for nobody's foreign keys: only the record itself is held."""
    everyone: QuerySet[Any] = MODELS[kind]._default_manager.all()
    rows = everyone.defer("search")
    rows = rows.select_for_update(of=("self",)) if lock else rows.select_related(*references(kind))
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404(f"This {Kind(kind).label} isn't here. It may have been deleted or merged.")
    return found


def references(kind: str) -> tuple[str, ...]:
    return ("stage", "owner") if kind == Kind.ACCOUNT else ("stage", "owner", "account")


@require_safe
@role_required(Role.SALES)
def show(request: SignedInRequest, kind: str, pk: int) -> HttpResponse:
    record = record_or_404(kind, pk)
    return record_page(request, record, {"groups": groups_of(record), "merge": merge_of(record)})


def record_page(request: SignedInRequest, record: Record, context: dict[str, Any]) -> HttpResponse:
    kind = Kind(record.kind)
    frame = {
        "record": record,
        "kind": kind,
        "list_name": LISTS[kind],
        "history": history_of(record),
        "twins": twins_of(record),
        "beside": told_beside(record),
        "related": related_to(record),
        "record_url": reverse(PAGES[kind], args=[record.pk]),
    }
    return render_page(request, "crm/record.html", frame | context, title=str(record))


@require_http_methods(["GET", "POST"])
@role_required(Role.SALES)
def edit(request: SignedInRequest, kind: str, pk: int) -> HttpResponse:
    if request.method == "GET":
        record = record_or_404(kind, pk)
        if record.merged_into_id:
            return leave_merged(request, record)
        return record_page(request, record, {"form": FORMS[kind](instance=record)})
    with journal.acting(request.user, ORIGIN):
        record = record_or_404(kind, pk, lock=True)
        if record.merged_into_id:
            return leave_merged(request, record)
        form = FORMS[kind](request.POST, instance=record)
        saved = form.is_valid()
        if saved:
            form.save()
    if saved:
        compare_now(Kind(kind), pk)
        messages.success(request, "Saved." if form.changed_data else "Nothing was changed.")
        return redirect(PAGES[Kind(kind)], pk)
    return record_page(request, record_or_404(kind, pk), {"form": form})


def leave_merged(request: SignedInRequest, record: Record) -> HttpResponse:
    """What was merged away stays as it was: its survivor is the one to work on."""
    messages.warning(request, f"It was merged into {record.merged_into}: nothing of it can be changed.")
    return redirect(PAGES[Kind(record.kind)], record.pk)


@require_http_methods(["GET", "POST"])
@role_required(Role.SALES)
def new(request: SignedInRequest, kind: str) -> HttpResponse:
    form: RecordForm
    if request.method == "POST":
        form = FORMS[kind](request.POST)
        if form.is_valid():
            with journal.acting(request.user, ORIGIN):
                record = form.save()
            compare_now(Kind(kind), record.pk)
            messages.success(request, f"{record} is in.")
            return redirect(PAGES[Kind(kind)], record.pk)
    else:
        account = id_in(request.GET.get("account"))
        form = FORMS[kind](initial={"owner": request.user.pk, "account": account})
    context = {"form": form, "kind": Kind(kind), "list_name": LISTS[Kind(kind)]}
    return render_page(request, "crm/new.html", context, title=f"New {Kind(kind).label}")


@require_http_methods(["GET", "POST"])
@role_required(Role.SALES)
def delete(request: SignedInRequest, kind: str, pk: int) -> HttpResponse:
    if request.method == "POST":
        with journal.acting(request.user, ORIGIN):
            record = record_or_404(kind, pk, lock=True)
            if record.merged_into_id:
                return leave_merged(request, record)
            name = str(record)
            record.delete()
        messages.success(request, f"{name} was deleted.")
        return redirect(LISTS[Kind(kind)])
    record = record_or_404(kind, pk)
    if record.merged_into_id:
        return leave_merged(request, record)
    context = {"record": record, "kind": Kind(kind), "consequences": consequences_of_deleting(record)}
    return render_page(request, "crm/delete.html", context, title=f"Delete {record}?")


@require_safe
@role_required(Role.SALES)
def history(request: SignedInRequest, kind: str, pk: int) -> HttpResponse:
    """An htmx fragment: the entries before `?before=`, with the button for still older ones."""
    record = record_or_404(kind, pk)
    older = history_of(record, before=id_in(request.GET.get("before")))
    record_url = reverse(PAGES[Kind(kind)], args=[pk])
    return render(request, "crm/_history.html", {"history": older, "record_url": record_url})


@require_safe
@role_required(Role.SALES)
def why(request: SignedInRequest, kind: str, pk: int, field: str) -> HttpResponse:
    """An htmx fragment: who or what gave a field its value (spec O4)."""
    record, labels = record_or_404(kind, pk), labels_of(kind)
    if field not in labels:
        raise Http404("There is no such field.")
    return render(request, "crm/_why.html", {"origin": origin_of(record, field), "label": labels[field]})


@require_safe
@role_required(Role.SALES)
def pick_account(request: SignedInRequest) -> HttpResponse:
    """An htmx fragment: accounts to choose from, by the beginnings of words."""
    text = request.GET.get("account_search", "").strip()
    accounts = Account.objects.filter(hidden=False).only("name", "city", "domain")
    found = page_of(accounts, by=("name",), text=text, size=8).rows if text else []
    return render(request, "crm/_account_choices.html", {"accounts": found, "text": text})

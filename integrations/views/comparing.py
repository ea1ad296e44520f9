"""*Compare & merge*: two records side by side, a value chosen for each field, and what a merge will do (spec C9)."""

from collections.abc import Collection
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.comparing import compare
from crm.layout import labels_of
from crm.listing import page_of
from crm.models import Kind, PotentialDuplicate, Record
from crm.pages import render_page
from crm.roles import Role, SignedInRequest, role_required
from crm.views.lists import ACCOUNTS, DEALS, PEOPLE
from crm.views.records import LISTS, MODELS, PAGES, record_or_404
from integrations.merging import foretelling
from integrations.merging.here import merge_here
from integrations.sync.refusals import Refused

CHOICE = "from:"
OTHER = "other"
OFFERED = 20
BY = {what.model.kind: what.by for what in (PEOPLE, ACCOUNTS, DEALS)}


class Folder:
    """A kind of record in an address, as the folder its pages lie in: `people` for a contact."""

    regex = "|".join(LISTS.values())
    kinds = {folder: kind for kind, folder in LISTS.items()}

    def to_python(self, folder: str) -> Kind:
        return self.kinds[folder]

    def to_url(self, kind: str) -> str:
        if kind not in LISTS:
            raise ValueError("There are no such pages.")
        return LISTS[Kind(kind)]


@role_required(Role.SALES)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def compare_page(request: SignedInRequest, kind: Kind, pk: int, other: int) -> HttpResponse:
    """`pk` stays and `other` is merged into it; the other way round is the other address."""
    if request.method == "POST":
        try:
            return merge(request, *both_or_404(kind, pk, other))
        except Refused as refused:
            messages.error(request, refused.reason)
    kept, loser = both_or_404(kind, pk, other)
    merged = next((record for record in (kept, loser) if record.merged_into_id), None)
    if merged is not None:
        if request.method != "POST":
            messages.warning(request, f"{merged} was merged into {merged.merged_into} already.")
        return redirect(merged)
    comparison = compare(kept, loser)
    take = chosen(request, kind) if request.method == "POST" else comparison.proposed
    context = {
        "comparison": comparison,
        "take": take,
        "kind": kind,
        "list_name": LISTS[kind],
        "here": foretelling.here(comparison),
        "there": foretelling.there(comparison, take),
    }
    return render_page(request, "integrations/compare.html", context, title="Compare & merge")


def merge(request: SignedInRequest, kept: Record, loser: Record) -> HttpResponse:
    name = str(loser)
    survivor = merge_here(
        kind=kept.kind,
        survivor_id=kept.pk,
        loser_id=loser.pk,
        take=chosen(request, kept.kind),
        seen=request.POST.get("seen", ""),
        user=request.user,
        now=timezone.now(),
    )
    messages.success(request, f"{name} was merged into {survivor}.")
    return redirect(PAGES[Kind(kept.kind)], survivor.pk)


@role_required(Role.SALES)
@require_POST
def told(request: SignedInRequest, kind: Kind, pk: int, other: int) -> HttpResponse:
    """An htmx fragment: what Salesforce will and won't do with the values as they are chosen now."""
    comparison = compare(*both_or_404(kind, pk, other))
    sentences = foretelling.there(comparison, chosen(request, kind))
    return render(request, "integrations/_sentences.html", {"sentences": sentences})


@role_required(Role.SALES)
@require_safe
def merge_with(request: SignedInRequest, kind: Kind, pk: int) -> HttpResponse:
    """Which other record to compare with: those that look like it, and a search."""
    record = record_or_404(kind, pk)
    if record.merged_into_id:
        return redirect(record)
    text = request.GET.get("q", "").replace("\x00", "").strip()
    context = {
        "record": record,
        "kind": kind,
        "text": text,
        "found": found(record, text) if text else alike(record),
        "list_name": LISTS[kind],
    }
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "integrations/_merge_choices.html", context)
    return render_page(request, "integrations/merge_with.html", context, title=f"Merge {record} with…")


def both_or_404(kind: Kind, pk: int, other: int) -> tuple[Any, Any]:
    if pk == other:
        raise Http404(f"A {kind.label} can't be compared with itself.")
    return record_or_404(kind, pk), record_or_404(kind, other)


def chosen(request: HttpRequest, kind: str) -> Collection[str]:
    """The fields whose value the other record gives."""
    return {key for key in labels_of(kind) if request.POST.get(f"{CHOICE}{key}") == OTHER}


def found(record: Record, text: str) -> list[Record]:
    others = choosable(record)
    return page_of(others, by=BY[record.kind], text=text, size=OFFERED).rows


def alike(record: Record) -> list[Record]:
    """What was found to be a potential duplicate of it."""
    pairs = PotentialDuplicate.objects.filter(kind=record.kind)
    pairs = pairs.filter(Q(record_id=record.pk) | Q(other_id=record.pk))[:OFFERED]
    ids = {pk for pair in pairs for pk in (pair.record_id, pair.other_id)}
    return list(choosable(record).filter(pk__in=ids).order_by("pk"))


def choosable(record: Record) -> QuerySet[Any]:
    everyone: QuerySet[Any] = MODELS[record.kind]._default_manager.all()
    others = everyone.filter(hidden=False, merged_into=None).exclude(pk=record.pk)
    related = ("stage", "owner") if record.kind == Kind.ACCOUNT else ("stage", "owner", "account")
    return others.select_related(*related).defer("search", "custom")

"""The questions that conflicts left open, to be decided by Staff (spec C11, *ask*)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from crm.pages import render_page
from crm.roles import Role, SignedInRequest, role_required
from crm.views.lists import id_in
from integrations.badges import WAITS_FOR
from integrations.configuration.agreements import drop_outdated_agreements
from integrations.conflicts.deciding import Answer, Outcome, decide_question
from integrations.conflicts.listing import Row, fields_asked, open_questions, page_of_questions, rows_of
from integrations.models import Connection, FieldConflict
from integrations.overview import LABELS
from integrations.sync.refusals import Refused
from integrations.views.records import KINDS, kind_or_404
from mappings.models import Conflict, FieldMap

MOST = 200
DROPPING_SECONDS = 5
SELECTED = "selected"
Winner = FieldConflict.Winner


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for; nonsense in it counts as not asked."""

    object: str
    field: str
    record: tuple[str, int] | None
    kept: dict[str, str]

    @classmethod
    def of(cls, request: HttpRequest) -> "Wanted":
        given = {key: request.GET.get(key, "").replace("\x00", "") for key in ("object", "field", "record")}
        kind, _, pk = given["record"].partition("-")
        number = id_in(pk)
        return cls(
            object=given["object"] if given["object"] in LABELS else "",
            field=given["field"],
            record=(kind, number) if kind in KINDS and number else None,
            kept={key: value for key, value in given.items() if value},
        )

    @property
    def is_filtered(self) -> bool:
        return bool(self.object or self.field or self.record)

    def link(self, **place: int | None) -> str:
        return "?" + urlencode(self.kept | {key: value for key, value in place.items() if value})


@role_required(Role.STAFF)
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def conflicts(request: SignedInRequest) -> HttpResponse:
    if request.method == "POST":
        _decide(request)
        return redirect(request.get_full_path())
    wanted = Wanted.of(request)
    found = open_questions(object_name=wanted.object, field=wanted.field, record=wanted.record)
    page = page_of_questions(
        found, after=id_in(request.GET.get("after")), before=id_in(request.GET.get("before"))
    )
    connection = Connection.objects.live().first()
    context = {
        "page": page,
        "wanted": wanted,
        "objects": LABELS,
        "fields": fields_asked(open_questions(object_name=wanted.object)),
        "asks": FieldMap.objects.filter(conflict=Conflict.ASK).exists(),
        "goes_out": WAITS_FOR.get(connection.state, "") if connection else "",
        "first_link": wanted.link(),
        "next_link": wanted.link(after=page.after) if page.after else "",
        "previous_link": wanted.link(before=page.before) if page.before else "",
    }
    return render_page(request, "integrations/conflicts.html", context, title="Conflicts")


def _decide(request: SignedInRequest) -> None:
    """`decide` is a winner and a question's id, or a winner and `selected`."""
    side, _, which = request.POST.get("decide", "").partition(" ")
    ids = request.POST.getlist("pick")[:MOST] if which == SELECTED else [which]
    chosen = [pk for pk in map(id_in, ids) if pk]
    if side not in Winner.values or not chosen:
        messages.warning(request, "Nothing was decided: tick the questions first.")
        return
    drop_outdated_agreements(seconds=DROPPING_SECONDS)
    answers: list[Answer] = []
    refusals: dict[str, None] = {}
    for pk in chosen:
        try:
            answers.append(
                decide_question(
                    question_id=pk,
                    winner=Winner(side),
                    seen=request.POST.get(f"seen-{pk}", ""),
                    user=request.user,
                    now=timezone.now(),
                )
            )
        except Refused as refused:
            refusals[refused.reason] = None
    for reason in refusals:
        messages.error(request, reason)
    _say(request, answers, Winner(side))


def _say(request: HttpRequest, answers: Sequence[Answer], winner: FieldConflict.Winner) -> None:
    rows = {row.question.pk: row for row in rows_of([answer.question for answer in answers])}
    decided = [rows[a.question.pk] for a in answers if a.outcome == Outcome.DECIDED]
    if decided:
        messages.success(request, _decided(decided, winner))
    for answer in answers:
        row = rows[answer.question.pk]
        if answer.outcome == Outcome.ALREADY:
            messages.info(request, f"{row.name} was decided already: {_winner(answer.question)}.")
        elif answer.outcome == Outcome.MOVED:
            messages.warning(
                request,
                f"{row.name} has changed meanwhile: here it is “{row.ours}” now, in Salesforce “{row.theirs}”."
                " Nothing was decided; look again.",
            )
        elif answer.outcome == Outcome.OVER:
            messages.info(
                request, f"{row.name} is no longer linked with Salesforce, so its question is closed."
            )


def _decided(rows: Sequence[Row], winner: FieldConflict.Winner) -> str:
    what = f"{rows[0].name}: " if len(rows) == 1 else f"{len(rows)} questions decided: "
    if winner == Winner.SALESFORCE:
        return f"{what}Salesforce's was taken."
    return f"{what}ours was kept{' and waits to be sent' if any(row.sends for row in rows) else ''}."


def _winner(question: FieldConflict) -> str:
    side = "ours was kept" if question.winner == Winner.WORKSPACE else "Salesforce's was taken"
    return (
        f"{side} by {question.settled_by}" if question.settled_by else f"{side}, as both sides agree by now"
    )


@require_safe
@role_required(Role.SALES)
def questions(request: SignedInRequest, kind: str, pk: int) -> HttpResponse:
    """A fragment: the banner of a record with open questions, and a badge into each field's place."""
    rows = rows_of(list(open_questions(record=(kind_or_404(kind), pk))[:MOST]))
    context: dict[str, Any] = {"rows": rows, "kind": kind, "pk": pk}
    return render(request, "integrations/_questions.html", context)

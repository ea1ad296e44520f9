"""The connection's switches: each a POST that makes one move and goes back to the overview."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from crm.pages import render_page
from crm.roles import Role, SignedInRequest, role_required
from crm.templatetags.lockstep import upcoming
from integrations import tasks
from integrations.models import Connection, SyncRun
from integrations.overview import live_overview
from integrations.sync import window
from integrations.sync.pull.runs import start_check, start_pull
from integrations.sync.refusals import Refused


@role_required(Role.ADMIN)
@require_http_methods(["GET", "POST"])
def activate(request: SignedInRequest) -> HttpResponse:
    """First says how much will be written, then starts."""
    if request.method == "GET":
        return _ask_first(request, "integrations/start.html", "Start syncing")

    def move(connection: Connection) -> None:
        window.activate(connection, user=request.user, now=timezone.now())
        tasks.ring(tasks.tick)

    return _move(request, move, "Syncing is on. What the window read is being written now.")


@role_required(Role.ADMIN)
@require_POST
def extend(request: SignedInRequest) -> HttpResponse:
    return _move(
        request,
        lambda c: window.extend(c, user=request.user, now=timezone.now()),
        "Six hours more to set up.",
    )


@role_required(Role.ADMIN)
@require_POST
def pause(request: SignedInRequest) -> HttpResponse:
    return _move(
        request,
        lambda c: window.pause(c, user=request.user, now=timezone.now()),
        "Paused. Nothing moves until you resume; edits wait.",
    )


@role_required(Role.ADMIN)
@require_POST
def resume(request: SignedInRequest) -> HttpResponse:
    def move(connection: Connection) -> None:
        window.resume(connection, user=request.user, now=timezone.now())
        tasks.ring(tasks.tick)

    return _move(request, move, "Resumed.")


@role_required(Role.ADMIN)
@require_POST
def read_only(request: SignedInRequest) -> HttpResponse:
    on = request.POST.get("on") == "1"
    return _move(
        request,
        lambda c: window.set_read_only(c, on, user=request.user, now=timezone.now()),
        "Read only: pulls go on, nothing is written to Salesforce." if on else "Read only is off.",
    )


@role_required(Role.ADMIN)
@require_POST
def pull(request: SignedInRequest) -> HttpResponse:
    """By hand: one object or all."""
    objects = [request.POST["object"]] if request.POST.get("object") else None

    def move(connection: Connection) -> None:
        run = start_pull(
            connection=connection,
            trigger=SyncRun.Trigger.MANUAL,
            now=timezone.now(),
            objects=objects,
            user=request.user,
        )
        tasks.ring(tasks.pull_slice, run_id=run.pk)

    return _move(request, move, "")


@role_required(Role.ADMIN)
@require_POST
def check(request: SignedInRequest) -> HttpResponse:
    """Compare all of both sides; `repair` brings what is missing or different too (C3)."""

    def move(connection: Connection) -> None:
        run = start_check(
            connection=connection,
            trigger=SyncRun.Trigger.MANUAL,
            repairs=bool(request.POST.get("repair")),
            now=timezone.now(),
            user=request.user,
        )
        tasks.ring(tasks.pull_slice, run_id=run.pk)

    return _move(request, move, "")


@role_required(Role.ADMIN)
@require_http_methods(["GET", "POST"])
def disconnect(request: SignedInRequest) -> HttpResponse:
    """First says exactly what will happen, then does it."""
    if request.method == "POST":
        return _move(
            request,
            lambda c: window.disconnect(c, user=request.user, now=timezone.now()),
            "Disconnected. Records, links, maps and history are all still here.",
        )
    return _ask_first(request, "integrations/disconnect.html", "Disconnect Salesforce")


def _ask_first(request: SignedInRequest, template: str, title: str) -> HttpResponse:
    """The page that says what a move will do, with the button that makes it."""
    overview = live_overview(timezone.now())
    if overview is None:
        return redirect("salesforce")
    return render_page(request, template, {"overview": overview}, title=title)


def _move(request: SignedInRequest, move: Callable[[Connection], None], words: str) -> HttpResponse:
    try:
        move(window.live_connection(timezone.now()))
    except Refused as refused:
        messages.error(request, in_words(refused))
    else:
        if words:
            messages.success(request, words)
    return redirect("salesforce")


def in_words(refused: Refused) -> str:
    if refused.until is None:
        return refused.reason
    return f"{refused.reason} That is {upcoming(refused.until)}."

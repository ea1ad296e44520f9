"""What Salesforce has to do with a record: fragments that htmx puts into the pages of `crm`."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from crm.models import Kind
from crm.roles import Role, SignedInRequest, role_required
from integrations.badges import badges_for
from integrations.deletions import sentences_on_deleting
from integrations.models import Connection
from integrations.problems import problems_of

KINDS = frozenset({Kind.CONTACT.value, Kind.ACCOUNT.value, Kind.DEAL.value})
MOST_IDS = 200
LOOKS = ((8, "400ms"), (20, "2s"), (40, "10s"))
"""How soon a page looks again at what moves: so often, so soon; the answer usually takes a second."""
SELDOM = "30s"


def kind_or_404(kind: str) -> str:
    if kind not in KINDS:
        raise Http404("There is no such kind of record.")
    return kind


def ids_in(text: str) -> list[int]:
    """The ids of a comma-separated list; what is no id is passed over."""
    words = text.split(",")[:MOST_IDS]
    return [int(word) for word in words if word.isascii() and word.isdigit() and len(word) < 19]


@require_safe
@role_required(Role.SALES)
def badges(request: SignedInRequest, kind: str) -> HttpResponse:
    """The badges of a list's rows, each swapped into its place: one request a page."""
    found = badges_for(kind_or_404(kind), ids_in(request.GET.get("ids", "")))
    return render(request, "integrations/_badges.html", {"badges": found, "kind": kind})


@require_safe
@role_required(Role.SALES)
def badge(request: SignedInRequest, kind: str, pk: int) -> HttpResponse:
    """The badge, and the next look at it while it moves; only the look where nothing is new since the last."""
    [found] = badges_for(kind_or_404(kind), [pk])
    looked = ids_in(request.GET.get("looked", "0"))
    context = {
        "badge": found,
        "kind": kind,
        "news": request.GET.get("seen") != found.fingerprint,
        "looked": looked[0] + 1 if looked else 1,
        "delay": next_look(looked[0] if looked else 0),
    }
    return render(request, "integrations/_badge_and_reason.html", context)


def next_look(looked: int) -> str:
    """Quick at first, slower later; as htmx reads it."""
    return next((delay for looks, delay in LOOKS if looked < looks), SELDOM)


@require_safe
@role_required(Role.SALES)
def deletion(request: SignedInRequest, kind: str, pk: int) -> HttpResponse:
    sentences = sentences_on_deleting(kind_or_404(kind), pk)
    return render(request, "integrations/_deletion.html", {"sentences": sentences})


@require_safe
@role_required(Role.SALES)
def home(request: SignedInRequest) -> HttpResponse:
    """My sync problems, and to whom it concerns that Salesforce isn't connected."""
    context = {
        "problems": problems_of(request.user),
        "connection": Connection.objects.live().first(),
    }
    return render(request, "integrations/_home.html", context)

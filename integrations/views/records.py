"""What Salesforce has to do with a record: fragments that htmx puts into the pages of `crm`."""

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from crm.models import Kind
from crm.roles import Role, SignedInRequest, role_required
from integrations.badges import badges_for
from integrations.deletions import sentence_on_deleting
from integrations.models import Connection
from integrations.problems import problems_of

KINDS = frozenset({Kind.CONTACT.value, Kind.ACCOUNT.value, Kind.DEAL.value})
MOST_IDS = 200


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
    [found] = badges_for(kind_or_404(kind), [pk])
    return render(request, "integrations/_badge_and_reason.html", {"badge": found})


@require_safe
@role_required(Role.SALES)
def deletion(request: SignedInRequest, kind: str, pk: int) -> HttpResponse:
    sentence = sentence_on_deleting(kind_or_404(kind), pk)
    return render(request, "integrations/_deletion.html", {"sentence": sentence})


@require_safe
@role_required(Role.SALES)
def home(request: SignedInRequest) -> HttpResponse:
    """My sync problems, and to whom it concerns that Salesforce isn't connected."""
    context = {
        "problems": problems_of(request.user),
        "connection": Connection.objects.live().first(),
    }
    return render(request, "integrations/_home.html", context)

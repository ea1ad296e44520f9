"""Salesforce's users and queues beside ours, and correcting who is who (spec O1)."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.models import User
from crm.pages import render_page
from crm.roles import Role, SignedInRequest, role_required
from crm.views.lists import id_in
from integrations import owner_map
from integrations.models import Connection, OwnerMove, SalesforceOwner
from integrations.salesforce.hosts import record_url
from integrations.salesforce.ids import to18
from integrations.sync.owners import Choice, correct_owner, email_match, match_owners, owner_in_words
from integrations.sync.push.owners import waiting_for
from integrations.sync.reassigning import following, owned
from integrations.sync.refusals import Refused
from integrations.views.records import ids_in, kind_or_404

BY_EMAIL, NOBODY = "email", "nobody"


@require_safe
@role_required(Role.ADMIN)
@never_cache
def owners(request: SignedInRequest) -> HttpResponse:
    connection = Connection.objects.live().first()
    if connection is None:
        return redirect("salesforce")
    given = {key: request.GET.get(key, "").replace("\x00", "").strip() for key in ("q", "show")}
    shown = given["show"] if given["show"] in owner_map.SHOWN else ""
    found = owner_map.owners_of(connection, shown=shown, text=given["q"])
    page = owner_map.page_of(found, after=id_in(request.GET.get("after")))
    without, number = owner_map.without_a_user_there(connection)
    kept = {key: value for key, value in given.items() if value}
    context = {
        "page": page,
        "shown": shown,
        "text": given["q"],
        "filters": owner_map.counts_of(connection),
        "without": without,
        "without_count": number,
        "moving": OwnerMove.objects.filter(connection=connection).exists(),
        "first_link": "?" + urlencode(kept) if request.GET.get("after") else "",
        "next_link": "?" + urlencode(kept | {"after": page.after}) if page.after else "",
    }
    return render_page(request, "integrations/owners.html", context, title="Owners")


@require_safe
@role_required(Role.ADMIN)
@never_cache
def counts(request: SignedInRequest) -> HttpResponse:
    """A fragment: what each owner of the page has, and the owners of whom Salesforce shows only the id."""
    connection = Connection.objects.live().first()
    if connection is None:
        return HttpResponse()
    wanted = request.GET.get("ids", "").split(",")[:200]
    found = owned(connection)
    context = {
        "owned": [(id, owner_map.in_words(found.get(id, {}))) for id in wanted if id.isalnum()],
        "unknown": [
            (id, owner_map.in_words(found[id])) for id in owner_map.unknown_ids(found, connection)[:50]
        ],
    }
    return render(request, "integrations/_owner_counts.html", context)


@require_safe
@role_required(Role.SALES)
def there(request: SignedInRequest, kind: str) -> HttpResponse:
    """A fragment: who owns in Salesforce what nobody owns here, each into its place on the page."""
    connection = Connection.objects.live().first()
    ids = ids_in(request.GET.get("ids", ""))
    found = owner_map.owners_there(kind_or_404(kind), ids, connection) if connection else {}
    return render(request, "integrations/_owners_there.html", {"owners": found, "kind": kind})


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
@never_cache
def owner(request: SignedInRequest, salesforce_id: str) -> HttpResponse:
    """One owner: choose who they are here, see what that will do, do it."""
    connection = get_object_or_404(Connection.objects.live())
    found = _owner(connection, salesforce_id)
    to = (request.POST if request.method == "POST" else request.GET).get("to", "")
    choice = _choice(to)
    if request.method == "POST" and choice is not None:
        return _correct(request, connection, found, choice)
    context: dict[str, Any] = {
        "owner": found,
        "now": owner_in_words(found),
        "email_match": email_match(found),
        "users": User.objects.filter(is_active=True).order_by("first_name", "last_name", "email"),
        "to": to if choice else "",
        "url": record_url(connection.instance_url, found.salesforce_id, "User")
        if connection.instance_url
        else "",
    }
    if choice is not None:
        context |= _consequences(connection, found, choice)
    return render_page(request, "integrations/owner.html", context, title=str(found))


@require_POST
@role_required(Role.ADMIN)
def match(request: SignedInRequest) -> HttpResponse:
    """Match by e-mail now, not at the next pull: a colleague was just added."""
    connection = get_object_or_404(Connection.objects.live())
    before = SalesforceOwner.objects.filter(connection=connection, user__isnull=False).count()
    match_owners(connection)
    more = SalesforceOwner.objects.filter(connection=connection, user__isnull=False).count() - before
    messages.success(request, f"Matched: {more} more." if more > 0 else "Nobody new was found by e-mail.")
    return redirect("salesforce_owners")


def _owner(connection: Connection, salesforce_id: str) -> SalesforceOwner:
    """One that isn't listed yet is known by the id alone."""
    try:
        wanted = to18(salesforce_id)
    except ValueError as error:
        raise Http404("That is no Salesforce id.") from error
    if not wanted.startswith(("005", "00G")):
        raise Http404("That is no id of a Salesforce user.")
    found = SalesforceOwner.objects.filter(connection=connection, salesforce_id=wanted)
    return found.select_related("user").first() or SalesforceOwner(
        connection=connection, salesforce_id=wanted, name=wanted, is_queue=wanted.startswith("00G")
    )


def _choice(to: str) -> Choice | None:
    """None where nothing, or nobody that exists, was chosen."""
    if to == BY_EMAIL:
        return Choice(by_hand=False)
    if to == NOBODY:
        return Choice(by_hand=True)
    user = User.objects.filter(pk=id_in(to) or 0).first()
    return Choice(by_hand=True, user=user) if user else None


def _consequences(connection: Connection, there: SalesforceOwner, choice: Choice) -> dict[str, Any]:
    user = choice.user_for(there)
    other = owner_map.sent_as(there, user, by_hand=choice.by_hand) if user else None
    waiting = waiting_for(connection, user) if user and there.is_active else 0
    return {
        "chosen": user,
        "by_hand": choice.by_hand,
        "what_follows": owner_map.what_follows(there, user, following(there), waiting=waiting),
        "other": other if other and other != there else None,
        "seen": owner_in_words(there),
    }


def _correct(
    request: SignedInRequest, connection: Connection, there: SalesforceOwner, choice: Choice
) -> HttpResponse:
    if request.POST.get("seen") != owner_in_words(there):
        messages.warning(request, f"{there} was changed meanwhile: now {owner_in_words(there)}. Look again.")
        return redirect("salesforce_owner", there.salesforce_id)
    try:
        now = timezone.now()
        corrected = correct_owner(connection, there.salesforce_id, choice, actor=request.user, now=now)
    except Refused as refused:
        messages.error(request, refused.reason)
        return redirect("salesforce_owners")
    messages.success(request, f"{corrected} is {corrected.user or 'nobody'} here. {_progress(connection)}")
    return redirect("salesforce_owners")


def _progress(connection: Connection) -> str:
    if OwnerMove.objects.filter(connection=connection).exists():
        return "There are many records; the last of them follow within minutes."
    return "Nothing changed in Salesforce."

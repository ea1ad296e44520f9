"""The lists of people, accounts and deals."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from crm.duplicates import has_duplicates, those_with_twins
from crm.forms import choosable_stages, owners
from crm.listing import bounded_count, page_of
from crm.models import Account, AccountStage, Contact, ContactStage, Deal, DealStage, Record, User
from crm.models.stages import Stage
from crm.pages import render_page
from crm.roles import Role, SignedInRequest, role_required

NO_STAGE = "none"
ME, NO_OWNER = "me", "none"
BOARD_SIZE = 20
BIGGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class ListOf:
    """What differs between the lists."""

    model: type[Record]
    stages: type[Stage]
    title: str
    url: str
    by: tuple[str, ...]
    related: tuple[str, ...]
    search_hint: str
    unshown: tuple[str, ...] = ("search", "custom")


PEOPLE = ListOf(
    Contact, ContactStage, "People", "people", ("last_name", "first_name"),
    ("account", "stage", "owner"), "Name, e-mail or company",
)  # fmt: skip
ACCOUNTS = ListOf(
    Account, AccountStage, "Accounts", "accounts", ("name",),
    ("stage", "owner"), "Name, domain or city", ("search", "custom", "description"),
)  # fmt: skip
DEALS = ListOf(
    Deal, DealStage, "Deals", "deals", ("name",),
    ("account", "stage", "owner"), "Name of the deal", ("search", "custom", "description"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for; nonsense in it counts as not asked."""

    text: str = ""
    owner: str = ""
    stage: str = ""
    duplicates: bool = False
    account: int | None = None
    after: int | None = None
    before: int | None = None
    kept: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, request: HttpRequest) -> "Wanted":
        given = request.GET
        kept = {
            key: given[key]
            for key in ("q", "owner", "stage", "duplicates", "account", "view")
            if given.get(key)
        }
        return cls(
            text=given.get("q", "").replace("\x00", "").strip(),
            owner=given.get("owner", "") if is_owner(given.get("owner", "")) else "",
            stage=given.get("stage", "") if is_stage(given.get("stage", "")) else "",
            duplicates=given.get("duplicates") == "yes",
            account=id_in(given.get("account")),
            after=id_in(given.get("after")),
            before=id_in(given.get("before")),
            kept=kept,
        )

    @property
    def is_filtered(self) -> bool:
        return bool(self.text or self.owner or self.stage or self.duplicates or self.account)

    def link(self, **changes: Any) -> str:
        return "?" + urlencode(self.kept | {key: value for key, value in changes.items() if value})


def id_in(given: str | None) -> int | None:
    """A row's id as an address gives it, or None where it can't be one."""
    number = int(given) if given and given.isascii() and given.isdigit() and len(given) < 20 else None
    return number if number is None or number <= BIGGEST_ID else None


def is_stage(given: str) -> bool:
    return given == NO_STAGE or id_in(given) is not None


def is_owner(given: str) -> bool:
    return given in (ME, NO_OWNER) or id_in(given) is not None


@role_required(Role.SALES)
def people(request: SignedInRequest) -> HttpResponse:
    return record_list(request, PEOPLE)


@role_required(Role.SALES)
def accounts(request: SignedInRequest) -> HttpResponse:
    return record_list(request, ACCOUNTS)


@role_required(Role.SALES)
def deals(request: SignedInRequest) -> HttpResponse:
    return board(request) if request.GET.get("view") == "board" else record_list(request, DEALS)


def board(request: SignedInRequest) -> HttpResponse:
    """Deals in columns by stage, the newest of each; the rest is one click away in the list."""
    wanted = Wanted.of(request)
    deals = Deal.objects.filter(hidden=False).select_related("account", "owner").defer("search", "custom")
    deals = owned(deals, wanted.owner, request.user)
    columns = [column_of(stage, deals) for stage in [*choosable_stages(None), None]]
    context = {"columns": columns, "wanted": wanted, "owners": owners(id_in(wanted.owner))}
    return render_page(request, "crm/board.html", context, title="Deals")


def column_of(stage: DealStage | None, deals: QuerySet[Deal]) -> dict[str, Any]:
    found = deals.filter(stage=stage)
    return {"stage": stage, "deals": list(found.order_by("-pk")[:BOARD_SIZE]), "count": bounded_count(found)}


def record_list(request: SignedInRequest, what: ListOf) -> HttpResponse:
    wanted = Wanted.of(request)
    rows = filtered(what, wanted, request).select_related(*what.related).defer(*what.unshown)
    kind = what.model.kind
    gather = those_with_twins(kind) if wanted.duplicates and has_duplicates(kind) else None
    page = page_of(
        rows, by=what.by, text=wanted.text, after=wanted.after, before=wanted.before, gather=gather
    )
    context = {
        "what": what,
        "kind": kind,
        "wanted": wanted,
        "page": page,
        "first_link": wanted.link(),
        "next_link": wanted.link(after=page.after) if page.after else "",
        "previous_link": wanted.link(before=page.before) if page.before else "",
        "has_duplicates": has_duplicates(kind),
        "stages": what.stages._default_manager.all(),
        "owners": owners(id_in(wanted.owner)),
        "ownerless": [row.pk for row in page.rows if row.owner_id is None],
        "in_account": Account.objects.filter(pk=wanted.account).first() if wanted.account else None,
        "rows_template": f"crm/_{what.url}.html",
    }
    if request.htmx and not request.htmx.history_restore_request:
        response = render(request, "crm/_list.html", context)
    else:
        response = render_page(request, "crm/list.html", context, title=what.title)
    patch_vary_headers(response, ["HX-Request"])
    return response


def owned(rows: QuerySet[Any], owner: str, me: User) -> QuerySet[Any]:
    if not owner:
        return rows
    return rows.filter(owner=None if owner == NO_OWNER else me if owner == ME else owner)


def filtered(what: ListOf, wanted: Wanted, request: SignedInRequest) -> QuerySet[Any]:
    rows: QuerySet[Any] = what.model._default_manager.filter(hidden=False)
    rows = owned(rows, wanted.owner, request.user)
    if wanted.account and what is not ACCOUNTS:
        rows = rows.filter(account=wanted.account)
    if wanted.stage:
        rows = rows.filter(stage=None if wanted.stage == NO_STAGE else wanted.stage)
    return rows

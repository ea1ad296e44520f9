"""The sidebar: by job, not by table name, and only what a role may open."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse

from crm.roles import Role, has_role


@dataclass(frozen=True, slots=True)
class Item:
    """`url` is a URL name; an item whose page isn't there yet isn't shown."""

    title: str
    url: str
    icon: str
    also: tuple[str, ...] = ()  # further addresses under which the item counts as open


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    role: Role
    items: tuple[Item, ...]


SECTIONS = (
    Section(
        "",
        Role.SALES,
        (
            Item("Home", "home", "home"),
            Item("People", "people", "group"),
            Item("Accounts", "accounts", "apartment"),
            Item("Deals", "deals", "handshake"),
            Item("Prospects", "prospects", "person_search"),
            Item("Sequences", "sequences", "schedule_send"),
            Item("Tasks", "tasks", "task_alt"),
        ),
    ),
    Section(
        "Sync",
        Role.STAFF,
        (
            Item("Errors", "admin:integrations_syncerror_changelist", "error"),
            Item("Waiting", "admin:integrations_outboxentry_changelist", "hourglass_top"),
            Item("Runs", "admin:integrations_syncrun_changelist", "sync"),
            Item("Conflicts", "conflicts", "call_split"),
            Item("Skipped", "skipped", "link_off"),
            Item("Not visible", "not_visible", "visibility_off"),
        ),
    ),
    Section(
        "Salesforce",
        Role.ADMIN,
        (
            Item("Overview", "salesforce", "cloud_sync"),
            Item("General", "salesforce_general", "tune"),
            Item("Contacts", "salesforce_contacts", "contact_page"),
            Item("Leads", "salesforce_leads", "person_add"),
            Item("Accounts", "salesforce_accounts", "domain"),
            Item("Deals", "salesforce_deals", "request_quote"),
            Item("Activities", "salesforce_activities", "history"),
            Item("Owners", "salesforce_owners", "badge"),
            Item("Connection", "salesforce_connection", "link"),
        ),
    ),
    Section(
        "Settings",
        Role.ADMIN,
        (
            Item("Integrations", "integrations", "extension"),
            Item("Users", "admin:crm_user_changelist", "manage_accounts"),
            Item("Stages", "admin:crm_dealstage_changelist", "view_kanban"),
            Item("People stages", "admin:crm_contactstage_changelist", "person_check"),
            Item("Account stages", "admin:crm_accountstage_changelist", "domain_verification"),
            Item("Custom fields", "admin:crm_customfield_changelist", "variable_insert"),
            Item("Audit", "admin:integrations_auditentry_changelist", "fact_check"),
        ),
    ),
)


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """Unfold's SIDEBAR navigation."""
    sections = [section for section in SECTIONS if has_role(request.user, section.role)]
    addresses = {item: address(item.url) for section in sections for item in section.items}
    current = open_item(request.path, addresses)
    return [
        {
            "title": section.title,
            "separator": index > 0,
            "items": [
                {"title": item.title, "icon": item.icon, "link": addresses[item], "active": item is current}
                for item in section.items
                if addresses[item]
            ],
        }
        for index, section in enumerate(sections)
    ]


def address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def open_item(path: str, addresses: dict[Item, str]) -> Item | None:
    """The item whose address is the longest beginning of `path`: pages lie below their list."""

    def starts(item: Item) -> Iterable[str]:
        return (start for start in (addresses[item], *item.also) if start and path.startswith(start))

    scored = [(max(map(len, starts(item)), default=0), item) for item in addresses]
    length, item = max(scored, key=lambda pair: pair[0], default=(0, None))
    return item if length else None


def stylesheet(request: HttpRequest) -> str:
    return static("lockstep/lockstep.css")


def favicon(request: HttpRequest) -> HttpResponse:
    """Where browsers look for an icon on pages that name none."""
    return redirect(icon(request))


def icon(request: HttpRequest) -> str:
    return static("lockstep/icon.svg")


def script(request: HttpRequest) -> str:
    return static("lockstep/lockstep.js")

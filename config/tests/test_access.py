"""Every page × every role (spec O6). Who may see a page is decided on the server."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from crm.models import ContactStage
from crm.roles import Role
from crm.tests.factories import make_account, make_contact, make_deal, make_stage, make_user
from integrations.models import AuditEntry, OutboxEntry, SyncError, SyncRun
from integrations.tests import factories

pytestmark = pytest.mark.django_db

EVERYONE = (200, 200, 200)
STAFF = (200, 200, 403)
ADMIN = (200, 403, 403)

PAGES = {
    "/home/": EVERYONE,
    "/people/": EVERYONE,
    "/people/new/": EVERYONE,
    "/people/{contact}/": EVERYONE,
    "/people/{contact}/edit/": EVERYONE,
    "/people/{contact}/delete/": EVERYONE,
    "/people/{contact}/history/": EVERYONE,
    "/people/{contact}/merge/": EVERYONE,
    "/people/{contact}/compare/{other}/": EVERYONE,
    "/people/{contact}/why/title/": EVERYONE,
    "/accounts/": EVERYONE,
    "/accounts/new/": EVERYONE,
    "/accounts/choices/": EVERYONE,
    "/accounts/{account}/": EVERYONE,
    "/accounts/{account}/edit/": EVERYONE,
    "/accounts/{account}/delete/": EVERYONE,
    "/deals/": EVERYONE,
    "/deals/?view=board": EVERYONE,
    "/deals/new/": EVERYONE,
    "/deals/{deal}/": EVERYONE,
    "/deals/{deal}/edit/": EVERYONE,
    "/deals/{deal}/delete/": EVERYONE,
    "/integrations/fragments/badges/contact/?ids={contact}": EVERYONE,
    "/integrations/fragments/badge/contact/{contact}/": EVERYONE,
    "/integrations/fragments/deletion/deal/{deal}/": EVERYONE,
    "/integrations/fragments/home/": EVERYONE,
    "/integrations/fragments/questions/contact/{contact}/": EVERYONE,
    "/integrations/fragments/skipped/contact/{contact}/": EVERYONE,
    "/integrations/conflicts/": STAFF,
    "/integrations/not-visible/": STAFF,
    "/integrations/skipped/": STAFF,
    "/admin/password_change/": EVERYONE,
    "/admin/integrations/syncerror/": STAFF,
    "/admin/integrations/syncerror/{error}/change/": STAFF,
    "/admin/integrations/outboxentry/": STAFF,
    "/admin/integrations/outboxentry/{entry}/change/": STAFF,
    "/admin/integrations/syncrun/": STAFF,
    "/admin/integrations/syncrun/{run}/change/": STAFF,
    "/admin/integrations/auditentry/": ADMIN,
    "/admin/integrations/auditentry/{audit}/change/": ADMIN,
    "/admin/crm/user/": ADMIN,
    "/admin/crm/user/add/": ADMIN,
    "/admin/crm/user/{user}/change/": ADMIN,
    "/admin/crm/dealstage/": ADMIN,
    "/admin/crm/dealstage/add/": ADMIN,
    "/admin/crm/contactstage/": ADMIN,
    "/admin/crm/contactstage/add/": ADMIN,
    "/admin/crm/accountstage/": ADMIN,
    "/admin/crm/customfield/": ADMIN,
    "/admin/crm/customfield/add/": ADMIN,
    "/admin/integrations/syncerror/add/": (403, 403, 403),
    "/admin/integrations/syncrun/add/": (403, 403, 403),
    "/admin/integrations/syncrun/{run}/delete/": (403, 403, 403),
    "/admin/integrations/outboxentry/{entry}/delete/": (403, 403, 403),
    "/admin/crm/user/{user}/delete/": (403, 403, 403),
}


@pytest.fixture
def rows() -> dict[str, int]:
    """One of everything that an address names."""
    live = factories.connection()
    error = SyncError.objects.create(
        connection=live, code="X", message="Y", created_at=factories.NOW, changed_at=factories.NOW
    )
    return {
        "contact": make_contact().pk,
        "other": make_contact().pk,
        "account": make_account().pk,
        "deal": make_deal(stage=make_stage()).pk,
        "error": error.pk,
        "entry": OutboxEntry.objects.values_list("pk", flat=True)[0],
        "run": factories.run(live).pk,
        "audit": AuditEntry.objects.create(at=factories.NOW, action="window.extended").pk,
        "user": make_user().pk,
    }


def signed_in(role: Role, **fields: Any) -> Client:
    client = Client()
    client.force_login(make_user(role, **fields))
    return client


@pytest.mark.parametrize(("address", "expected"), PAGES.items(), ids=PAGES)
def test_each_role_sees_its_pages_and_no_others(
    rows: dict[str, int], address: str, expected: tuple[int, ...]
) -> None:
    found = tuple(signed_in(role).get(address.format(**rows)).status_code for role in Role)
    assert found == expected


def addresses(patterns: list[Any], before: str = "") -> list[str]:
    found = []
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += addresses(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            found.append(route)
    return found


OPEN = {"", "healthz", "favicon.ico", "admin/login/", "admin/logout/", "admin/jsi18n/"}
"""What anybody may ask for: the door, the load balancer's question, and words without data."""


def filled(route: str) -> str:
    route = route.replace("<folder:kind>", "people")
    for placeholder in ("<int:pk>", "<int:other>", "<path:object_id>", "<id>", "<path:url>"):
        route = route.replace(placeholder, "1")
    return "/" + route.replace("<str:kind>", "contact").replace("<str:field>", "title")


@pytest.mark.parametrize("route", sorted(set(addresses(get_resolver().url_patterns)) - OPEN))
def test_no_address_answers_a_stranger(route: str) -> None:
    if "(?P" in route or "^" in route:
        pytest.skip("a pattern, not a page")
    answer = Client().get(filled(route))
    sent_away = answer.status_code == 302 and answer.headers["Location"].startswith("/admin/login/")
    assert sent_away or answer.status_code in (403, 404, 405)


@pytest.mark.parametrize(
    ("role", "seen", "unseen"),
    [
        (Role.SALES, ["People", "Deals"], ["Runs", "Audit"]),
        (Role.STAFF, ["People", "Runs", "Waiting"], ["Audit", "Users"]),
        (Role.ADMIN, ["People", "Runs", "Audit", "Users"], []),
    ],
)
def test_the_sidebar_offers_what_the_role_may_open(role: Role, seen: list[str], unseen: list[str]) -> None:
    page = signed_in(role).get("/home/")
    offered = [item["title"] for section in page.context["sidebar_navigation"] for item in section["items"]]
    assert set(seen) <= set(offered)
    assert not set(unseen) & set(offered)


def test_a_refusal_says_whom_the_page_is_for() -> None:
    page = signed_in(Role.SALES).get("/admin/crm/user/")
    assert page.status_code == 403
    assert "Your role doesn't allow this" in page.content.decode().replace("&#x27;", "'")


def test_machine_rows_cannot_be_changed_by_posting(rows: dict[str, int]) -> None:
    admin_client = signed_in(Role.ADMIN)
    answer = admin_client.post(f"/admin/integrations/syncrun/{rows['run']}/change/", {"state": "failed"})
    assert answer.status_code == 403
    assert SyncRun.objects.get().state == "waiting"


def test_every_model_in_the_admin_is_guarded_by_role() -> None:
    ours = {"crm", "integrations", "activities", "prospects", "mappings"}
    for model, model_admin in admin.site._registry.items():
        if model._meta.app_label in ours:
            assert hasattr(model_admin, "role"), model


def test_symbols_that_can_be_clicked_have_names() -> None:
    page = signed_in(Role.ADMIN).get("/admin/crm/user/").content.decode()
    assert re.search(r'<a href="/admin/">\s*<img src="/static/lockstep/icon.svg" [^>]*alt="Home"', page)
    assert 'aria-label="Search users"' in page
    assert 'id="searchbar-submit" aria-label="Search"' in page


def test_a_stage_that_is_used_cannot_go(rows: dict[str, int]) -> None:
    used = ContactStage.objects.create(name="Used")
    make_contact(stage=used)
    assert signed_in(Role.ADMIN).post(f"/admin/crm/contactstage/{used.pk}/delete/").status_code == 403

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm.roles import Role
from crm.tests.factories import make_user
from integrations.models import AuditEntry, Connection, ConnectionState, SyncedObject, SyncRun
from integrations.tests.conftest import make_connection
from integrations.tests.sandbox_process import SandboxOrg
from integrations.tests.test_connecting import consent

PAGE = "/integrations/salesforce/"
SWITCHES = (
    "activate",
    "extend",
    "pause",
    "resume",
    "read-only",
    "pull",
    "check",
    "disconnect",
    "sign-in",
    "test",
    "confirm",
)


def client_of(role: Role | None) -> Client:
    client = Client()
    client.force_login(make_user(role))
    return client


@pytest.fixture
def admin(db: None) -> Client:
    return client_of(Role.ADMIN)


@pytest.fixture
def open_window(db: None) -> Connection:
    now = timezone.now()
    return make_connection(connected_at=now, window_ends_at=now + timedelta(hours=6), prepared_at=now)


def form_of(org: SandboxOrg, **other: str) -> dict[str, str]:
    return {"login_url": org.url, "client_id": org.client_id, "client_secret": org.client_secret} | other


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def test_the_walk_through_shows_the_callback_address_to_copy(admin: Client) -> None:
    page = text_of(admin.get(PAGE, headers={"host": "localhost:8123"}))
    assert "http://localhost:8123/integrations/salesforce/callback" in page
    assert "refresh_token" in page
    assert "Created By" in page


def test_the_demo_fills_the_form(admin: Client, settings: Any) -> None:
    settings.DEMO_SALESFORCE = {
        "login_url": "http://127.0.0.1:8900",
        "client_id": "demo",
        "client_secret": "x",
    }
    assert 'value="http://127.0.0.1:8900"' in text_of(admin.get(PAGE))


def test_connecting_goes_to_salesforce_and_comes_back_connected(
    admin: Client, org_process: SandboxOrg
) -> None:
    sent = admin.post(PAGE, form_of(org_process))
    asked = parse_qs(urlsplit(sent["Location"]).query)
    assert asked["scope"] == ["api refresh_token"]
    assert asked["code_challenge_method"] == ["S256"]
    back = admin.get(f"{PAGE}callback", consent(sent["Location"]), follow=True)
    assert "Setting up: syncing turns on by itself in" in text_of(back)
    assert Connection.objects.get().connected_by is not None


def test_the_callback_works_once(admin: Client, org_process: SandboxOrg) -> None:
    returned = consent(admin.post(PAGE, form_of(org_process))["Location"])
    admin.get(f"{PAGE}callback", returned)
    again = admin.get(f"{PAGE}callback", returned, follow=True)
    assert "wasn&#x27;t begun here, or was finished already" in text_of(again)


def test_a_forged_callback_says_so_and_connects_nothing(admin: Client, org_process: SandboxOrg) -> None:
    returned = consent(admin.post(PAGE, form_of(org_process))["Location"])
    page = admin.get(f"{PAGE}callback", returned | {"state": "forged"}, follow=True)
    assert "its state differs" in text_of(page)
    assert not Connection.objects.exists()


def test_a_forged_callback_doesnt_end_the_sign_in_under_way(admin: Client, org_process: SandboxOrg) -> None:
    returned = consent(admin.post(PAGE, form_of(org_process))["Location"])
    admin.get(f"{PAGE}callback", returned | {"state": "forged"})
    admin.get(f"{PAGE}callback", returned)
    assert Connection.objects.live().exists()


def test_the_session_holds_no_readable_secret(admin: Client, org_process: SandboxOrg) -> None:
    admin.post(PAGE, form_of(org_process))
    assert org_process.client_secret not in str(dict(admin.session))


def test_a_refused_form_keeps_what_was_typed_but_the_secret(admin: Client) -> None:
    typed = {
        "login_url": "http://acme.my.salesforce.com",
        "client_id": "my-key",
        "client_secret": "my-secret",
    }
    response = admin.post(PAGE, typed)
    page = text_of(response)
    assert response.status_code == 400
    assert "Plain http" in page
    assert "my-key" in page
    assert "my-secret" not in page


@pytest.mark.parametrize(
    ("other", "said"),
    [({}, "takes this secret"), ({"client_secret": "bad"}, "doesn&#x27;t take this consumer")],
)
def test_key_and_secret_can_be_tested(
    admin: Client, org_process: SandboxOrg, other: dict[str, str], said: str
) -> None:
    answer = admin.post(f"{PAGE}test/", form_of(org_process, **other), headers={"hx-request": "true"})
    assert said in text_of(answer)


@pytest.mark.parametrize("switch", SWITCHES)
@pytest.mark.parametrize("role", [Role.STAFF, Role.SALES, None])
def test_only_admins_throw_switches(open_window: Connection, role: Role | None, switch: str) -> None:
    assert client_of(role).post(f"{PAGE}{switch}/").status_code == 403
    open_window.refresh_from_db()
    assert open_window.state == ConnectionState.CONFIGURING


@pytest.mark.parametrize(("role", "status"), [(Role.ADMIN, 200), (Role.STAFF, 200), (Role.SALES, 403)])
@pytest.mark.parametrize("path", ["", "progress/"])
def test_who_sees_the_overview(open_window: Connection, role: Role, status: int, path: str) -> None:
    assert client_of(role).get(f"{PAGE}{path}").status_code == status


def test_staff_sees_no_switch(open_window: Connection) -> None:
    page = text_of(client_of(Role.STAFF).get(PAGE))
    assert "<form" not in page.partition('class="ls-page"')[2]


def test_staff_is_told_that_nothing_is_connected(db: None) -> None:
    assert "An admin can connect it" in text_of(client_of(Role.STAFF).get(PAGE))


def test_a_manual_pull_in_the_window_is_refused_until_its_end(admin: Client, open_window: Connection) -> None:
    page = text_of(admin.post(f"{PAGE}pull/", {"object": "Contact"}, follow=True))
    assert "nothing can be pulled by hand" in page
    assert "That is on" in page
    assert not SyncRun.objects.exists()


def test_start_now_ends_the_window_and_says_who_did(admin: Client, open_window: Connection) -> None:
    admin.post(f"{PAGE}activate/")
    open_window.refresh_from_db()
    assert open_window.state == ConnectionState.ACTIVE
    assert AuditEntry.objects.get(action="started syncing").actor is not None


def test_disconnecting_first_says_what_will_happen(admin: Client, open_window: Connection) -> None:
    page = text_of(admin.get(f"{PAGE}disconnect/"))
    assert "No record is deleted or changed" in page
    open_window.refresh_from_db()
    assert open_window.disconnected_at is None


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "Setting up: syncing turns on by itself in 5 h 59 min"),
        ({"paused": True}, "Paused: nothing is pulled or sent until you resume. The time to set up runs on"),
        ({"active": True}, "Syncing."),
        ({"active": True, "read_only": True}, "Read only: Salesforce is pulled, nothing is ever written"),
        ({"needs_sign_in": True}, "Nothing moves until an admin signs in again"),
    ],
)
def test_the_state_is_said_in_words(admin: Client, values: dict[str, bool], said: str) -> None:
    now = timezone.now()
    make_connection(
        connected_at=now,
        window_ends_at=now + timedelta(hours=6),
        paused_at=now if values.get("paused") else None,
        activated_at=now if values.get("active") else None,
        read_only=values.get("read_only", False),
        needs_sign_in_since=now if values.get("needs_sign_in") else None,
    )
    assert said in text_of(admin.get(PAGE))


def test_every_page_carries_the_banner_while_sign_in_is_needed(open_window: Connection) -> None:
    seller = client_of(Role.SALES)
    assert "needs sign-in" not in text_of(seller.get(f"{PAGE}banner/"))
    open_window.require_sign_in("revoked", timezone.now())
    assert "Salesforce needs sign-in" in text_of(seller.get(f"{PAGE}banner/"))
    assert f"{PAGE}banner/" in text_of(seller.get("/home/"))


def test_the_overview_says_it_once(admin: Client, open_window: Connection) -> None:
    open_window.require_sign_in("revoked", timezone.now())
    there = {"hx-request": "true", "hx-current-url": f"http://testserver{PAGE}"}
    assert admin.get(f"{PAGE}banner/", headers=there).content == b""


def test_progress_tells_records_total_and_rate(admin: Client, open_window: Connection) -> None:
    now = timezone.now()
    run = SyncRun.objects.create(connection=open_window, kind="extract", trigger="first", created_at=now)
    SyncRun.objects.create(
        connection=open_window,
        parent=run,
        object="Contact",
        kind="extract",
        trigger="first",
        state="running",
        created_at=now,
        started_at=now - timedelta(seconds=10),
        total=8412,
        read=4206,
    )
    page = text_of(admin.get(f"{PAGE}progress/?seen=configuring-prepared-{run.pk}-open"))
    assert "4,206 of 8,412 records" in page
    assert "a second" in page
    assert "10 s left" in page


def test_the_page_loads_anew_once_the_run_has_ended(admin: Client, open_window: Connection) -> None:
    assert admin.get(f"{PAGE}progress/?seen=configuring-prepared-7-open")["HX-Refresh"] == "true"


def test_the_page_loads_anew_after_a_run_that_came_and_went_unseen(
    admin: Client, open_window: Connection
) -> None:
    seen = "?seen=configuring-prepared-0-idle"
    assert not admin.get(f"{PAGE}progress/{seen}").has_header("HX-Refresh")
    SyncRun.objects.create(
        connection=open_window, kind="extract", trigger="first", state="succeeded", created_at=timezone.now()
    )
    assert admin.get(f"{PAGE}progress/{seen}")["HX-Refresh"] == "true"


def test_tiles_show_both_sides(admin: Client, open_window: Connection) -> None:
    SyncedObject.objects.create(
        connection=open_window, name="Lead", linked=3064, suppressed=26, outside=2000, there=3091
    )
    page = text_of(admin.get(PAGE))
    assert "3,090" in page
    assert "3,091" in page
    assert "26 are contacts already · 2,000 outside the filter" in page


def test_the_connection_page_shows_no_secret(admin: Client, open_window: Connection) -> None:
    Connection.objects.update(client_secret="a-secret", access_token="a-token")
    page = text_of(admin.get(f"{PAGE}connection/"))
    assert "stored, encrypted" in page
    assert "a-secret" not in page
    assert "a-token" not in page


def test_the_list_leads_to_salesforce(admin: Client) -> None:
    assert f'href="{PAGE}"' in text_of(admin.get("/integrations/"))


def test_another_org_is_asked_for_its_name(connected: Connection, other_org_process: SandboxOrg) -> None:
    client = client_of(Role.ADMIN)
    client.post(f"{PAGE}disconnect/")
    returned = consent(client.post(PAGE, form_of(other_org_process))["Location"])
    assert "Type <bdi>“Globex”</bdi>" in text_of(client.get(f"{PAGE}callback", returned))
    assert "That isn't the org's name" in text_of(client.post(f"{PAGE}confirm/", {"name": "Acme"}))
    client.post(f"{PAGE}confirm/", {"name": "Globex"})
    assert Connection.objects.live().get().org_name == "Globex"


def test_the_page_connects_without_a_browser_too(admin: Client, org_process: SandboxOrg) -> None:
    page = admin.post(PAGE, form_of(org_process, flow="client_credentials"), follow=True)
    assert "Setting up" in text_of(page)
    assert Connection.objects.get().flow == Connection.Flow.CLIENT_CREDENTIALS


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({}, "A JWT needs the user to sign in"),
        ({"username": "a@b.c", "jwt_key": "pasted nonsense"}, "no unencrypted RSA private key"),
    ],
)
def test_a_jwt_that_cant_work_is_refused(
    admin: Client, org_process: SandboxOrg, other: dict[str, str], said: str
) -> None:
    page = text_of(admin.post(PAGE, form_of(org_process, flow="jwt", **other)))
    assert said in page
    assert "pasted nonsense" not in page


def test_starting_says_first_how_much_will_be_written(admin: Client, open_window: Connection) -> None:
    SyncedObject.objects.update_or_create(
        connection=open_window, name="Contact", defaults={"staged_rows": 1234}
    )
    page = admin.get(reverse("salesforce_activate")).content.decode()
    assert "1,234 contacts" in page
    assert Connection.objects.get().activated_at is None

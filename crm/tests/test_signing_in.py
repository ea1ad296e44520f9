import pytest
from django.contrib.auth import authenticate
from django.test import Client

from crm.roles import Role
from crm.signing_in import EmailOrName
from crm.tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("typed", ["ann", "ann@acme.example", "Ann@ACME.example"])
def test_a_user_name_or_an_address_in_any_case_signs_in(typed: str) -> None:
    ann = make_user(username="ann", email="ann@acme.example")
    assert authenticate(username=typed, password="pass") == ann


@pytest.mark.parametrize(("typed", "password"), [("ann", "wrong"), ("nobody", "pass"), ("ANN", "pass")])
def test_anything_else_does_not(typed: str, password: str) -> None:
    make_user(username="ann", email="ann@acme.example")
    assert authenticate(username=typed, password=password) is None


def test_a_deactivated_user_does_not() -> None:
    make_user(username="ann", email="ann@acme.example", is_active=False)
    assert authenticate(username="ann@acme.example", password="pass") is None


def test_a_user_name_goes_before_somebody_elses_address() -> None:
    make_user(username="bob", email="ann@acme.example")
    named = make_user(username="ann@acme.example", email="other@acme.example")
    assert authenticate(username="ann@acme.example", password="pass") == named


def test_an_unknown_name_costs_a_hash_like_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    monkeypatch.setattr("crm.models.User.set_password", lambda user, password: hashed.append(password))
    EmailOrName().authenticate(None, "nobody", "pass")
    assert hashed == ["pass"]


def test_the_sign_in_page_asks_for_either_and_leads_in_no_circle(client: Client) -> None:
    page = client.get("/admin/login/").content.decode()
    assert "E-mail or user name" in page
    assert "Return to site" not in page


def test_the_sign_in_page_takes_an_address(client: Client) -> None:
    make_user(Role.SALES, username="ann", email="ann@acme.example")
    answer = client.post("/admin/login/", {"username": "Ann@acme.example", "password": "pass"})
    assert answer.headers["Location"] == "/home/"

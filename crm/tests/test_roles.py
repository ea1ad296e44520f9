import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import Client

from crm.models import User
from crm.roles import Role, has_role, role_of
from crm.tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("held", "asked", "may"),
    [
        (Role.ADMIN, Role.STAFF, True),
        (Role.ADMIN, Role.SALES, True),
        (Role.STAFF, Role.ADMIN, False),
        (Role.STAFF, Role.SALES, True),
        (Role.SALES, Role.STAFF, False),
        (None, Role.SALES, False),
    ],
)
def test_wider_roles_hold_the_narrower_ones(held: Role | None, asked: Role, may: bool) -> None:
    assert has_role(make_user(held), asked) is may


def test_a_superuser_is_an_admin() -> None:
    assert role_of(make_user(None, is_superuser=True)) == Role.ADMIN


def test_a_deactivated_user_has_no_role() -> None:
    assert role_of(make_user(Role.ADMIN, is_active=False)) is None


def test_nobody_has_no_role() -> None:
    assert role_of(AnonymousUser()) is None


def sign_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_every_role_signs_in_at_the_one_page() -> None:
    user = make_user(Role.SALES)
    answer = Client().post("/admin/login/?next=/home/", {"username": user.username, "password": "pass"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/home/")


def test_a_visitor_is_sent_to_sign_in_and_back() -> None:
    answer = Client().get("/home/?q=ann")
    assert answer.headers["Location"] == "/admin/login/?next=/home/%3Fq%3Dann"


def test_a_fragment_sends_the_whole_page_to_sign_in() -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/people/"}
    answer = Client().get("/home/", headers=headers)
    assert answer.headers["HX-Redirect"] == "/admin/login/?next=%2Fpeople%2F"


@pytest.mark.parametrize("page", ["/home/", "/admin/login/", "/admin/"])
def test_a_user_without_a_role_is_told_so(page: str) -> None:
    answer = sign_in(make_user(None)).get(page, follow=True)
    assert answer.status_code == 403
    assert "have no role yet" in answer.content.decode()


def test_a_missing_page_says_so_inside_the_frame() -> None:
    answer = sign_in(make_user()).get("/nothing/")
    assert answer.status_code == 404
    assert "There is no such page" in answer.content.decode()
    assert "nav-sidebar" in answer.content.decode()

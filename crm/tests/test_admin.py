from datetime import UTC, datetime

import pytest
from django.test import Client

from crm.models import DealStage, Pipeline, User
from crm.roles import Role, role_of
from crm.tests.factories import make_stage, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def chief() -> User:
    return make_user(Role.ADMIN)


@pytest.fixture
def as_admin(chief: User) -> Client:
    client = Client()
    client.force_login(chief)
    return client


def form_of(user: User) -> dict[str, str]:
    return {
        "username": user.username,
        "email": user.email,
        "first_name": "",
        "last_name": "",
        "time_zone": user.time_zone,
        "is_active": "on",
    }


def test_an_admin_gives_a_user_a_role_and_a_time_zone(as_admin: Client) -> None:
    user = make_user(None)
    sent = form_of(user) | {"role": "Staff", "time_zone": "Europe/Paris"}
    as_admin.post(f"/admin/crm/user/{user.pk}/change/", sent)
    user = User.objects.get(pk=user.pk)
    assert (role_of(user), user.time_zone) == (Role.STAFF, "Europe/Paris")


def test_an_admin_takes_a_role_away(as_admin: Client) -> None:
    user = make_user(Role.SALES)
    as_admin.post(f"/admin/crm/user/{user.pk}/change/", form_of(user) | {"role": ""})
    assert role_of(User.objects.get(pk=user.pk)) is None


def test_nobody_takes_their_own_role_away(as_admin: Client, chief: User) -> None:
    as_admin.post(f"/admin/crm/user/{chief.pk}/change/", form_of(chief) | {"role": "Sales"})
    assert role_of(User.objects.get(pk=chief.pk)) == Role.ADMIN


def test_nobody_deactivates_themselves(as_admin: Client, chief: User) -> None:
    sent = form_of(chief)
    del sent["is_active"]
    as_admin.post(f"/admin/crm/user/{chief.pk}/change/", sent)
    assert User.objects.get(pk=chief.pk).is_active


def test_having_looked_at_oneself_one_still_gives_roles(as_admin: Client, chief: User) -> None:
    as_admin.get(f"/admin/crm/user/{chief.pk}/change/")
    user = make_user(None)
    as_admin.post(f"/admin/crm/user/{user.pk}/change/", form_of(user) | {"role": "Staff"})
    assert role_of(User.objects.get(pk=user.pk)) == Role.STAFF


def test_the_form_says_which_role_comes_back_with_the_user(as_admin: Client) -> None:
    user = make_user(Role.ADMIN, is_active=False)
    page = as_admin.get(f"/admin/crm/user/{user.pk}/change/")
    assert page.context["adminform"].form["role"].value() == "Admin"


def test_a_filter_that_postgresql_cannot_hold_is_refused(as_admin: Client) -> None:
    assert as_admin.get("/admin/integrations/syncerror/?code=%00").status_code == 400


@pytest.mark.parametrize("page", ["change", "password"])
def test_an_admin_cannot_become_a_superuser_through_one(as_admin: Client, page: str) -> None:
    root = make_user(None, is_superuser=True)
    answer = as_admin.post(f"/admin/crm/user/{root.pk}/{page}/", {"password1": "x", "password2": "x"})
    assert answer.status_code == 403


def test_a_new_user_gets_their_role_at_once(as_admin: Client) -> None:
    secret = "long enough 4 u"
    sent = {"username": "bo", "email": "bo@acme.example", "role": "Sales", "usable_password": "true"}
    as_admin.post("/admin/crm/user/add/", sent | {"password1": secret, "password2": secret})
    assert role_of(User.objects.get(username="bo")) == Role.SALES


def test_no_deal_stage_is_made_where_salesforce_leads(as_admin: Client) -> None:
    make_stage(locked=True)
    answer = as_admin.get("/admin/crm/dealstage/add/")
    assert answer.status_code == 403
    assert "Deal stages follow Salesforce" in answer.content.decode()


def test_a_stage_for_the_locked_pipeline_is_refused_by_the_form_too(as_admin: Client) -> None:
    locked = Pipeline.objects.create(name="Salesforce", locked=True)
    Pipeline.objects.create(name="Own")
    answer = as_admin.post("/admin/crm/dealstage/add/", {"name": "New", "pipeline": locked.pk, "position": 0})
    assert "follows Salesforce" in answer.content.decode()
    assert not DealStage.objects.exists()


def test_a_stage_from_salesforce_is_not_changed_here(as_admin: Client) -> None:
    stage = make_stage(locked=True)
    as_admin.post(f"/admin/crm/dealstage/{stage.pk}/change/", {"name": "Mine"})
    assert DealStage.objects.get().name == "Prospecting"


def test_stages_and_users_read_in_words(as_admin: Client, chief: User) -> None:
    make_stage("Prospecting", probability=10)
    stages = as_admin.get("/admin/crm/dealstage/").content.decode()
    assert "10 %" in stages
    assert "In use" in stages
    User.objects.update(last_login=datetime(2026, 11, 23, 20, 5, tzinfo=UTC), time_zone="Europe/Paris")
    assert "23 Nov 2026, 21:05" in as_admin.get("/admin/crm/user/").content.decode()

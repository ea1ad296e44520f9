"""Two records side by side, before one is merged into the other (spec C9)."""

from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from crm.comparing import Comparison, compare, values_of
from crm.models import Contact, CustomField
from crm.tests.factories import make_account, make_contact, make_deal, make_user

pytestmark = pytest.mark.django_db


def people(kept: dict[str, Any], other: dict[str, Any]) -> Comparison:
    """Two who differ in nothing else."""
    alike = {"first_name": "Ann", "last_name": "Ash", "email": "ann@acme.example"}
    ids = [make_contact(**(alike | values)).pk for values in (kept, other)]
    return compare(*(Contact.objects.get(pk=pk) for pk in ids))


def test_what_differs_is_apart_from_what_is_the_same() -> None:
    found = people({"title": "CEO", "city": "Rome"}, {"title": "Chair", "city": "Rome"})
    assert found.differing == ["title"]
    assert {"first_name", "city"} <= {field.key for field in found.same}
    assert not {"title", "state"} & {field.key for field in found.same}


@pytest.mark.parametrize(
    ("kept", "other", "proposed"),
    [
        ({"title": "CEO"}, {"title": "Chair"}, set()),
        ({"title": ""}, {"title": "Chair"}, {"title"}),
        ({"title": "CEO"}, {"title": ""}, set()),
        ({"email_opt_out": False}, {"email_opt_out": True}, {"email_opt_out"}),
        ({"email_opt_out": True}, {"email_opt_out": False}, set()),
        ({"custom": {}}, {"custom": {"tier": "Gold"}}, {"custom.tier"}),
        ({"custom": {"tier": ""}}, {"custom": {}}, set()),
    ],
)
def test_a_blank_is_filled_and_an_objection_stays(
    kept: dict[str, Any], other: dict[str, Any], proposed: set[str]
) -> None:
    CustomField.objects.create(kind="contact", name="tier", label="Tier", type="text")
    assert people(kept, other).proposed == proposed


def test_a_changed_value_of_either_shows_in_the_fingerprint() -> None:
    found = people({"title": "CEO"}, {"title": "Chair"})
    Contact.objects.filter(pk=found.other.pk).update(phone="1")
    again = compare(found.kept, Contact.objects.get(pk=found.other.pk))
    assert again.fingerprint != found.fingerprint
    assert compare(found.kept, found.other).fingerprint == found.fingerprint


@pytest.mark.parametrize("make", [make_account, make_deal, make_contact])
def test_every_kind_compares(make: Any) -> None:
    kept, other = make(), make()
    assert compare(kept, other).differing


def test_hundreds_of_custom_fields_cost_no_query_each() -> None:
    few = queries_of(5)
    assert queries_of(300) == few


def queries_of(fields: int) -> int:
    CustomField.objects.all().delete()
    CustomField.objects.bulk_create(
        CustomField(kind="contact", name=f"f{n}", label=f"F {n}", type="text") for n in range(fields)
    )
    with CaptureQueriesContext(
        database,
    ) as queries:
        found = people({"custom": {f"f{n}": "a" for n in range(fields)}}, {"custom": {"f1": "b"}})
    assert len(found.differing) == fields
    return len(queries)


def test_the_values_to_take_are_those_a_change_writes() -> None:
    user, account = make_user(), make_account()
    person = make_contact(title="CEO", owner=user, account=account, custom={"tier": "Gold"})
    assert values_of(person, ["title", "owner", "account", "custom.tier", "custom.none"]) == (
        {"title": "CEO", "owner_id": user.pk, "account_id": account.pk},
        {"tier": "Gold", "none": None},
    )

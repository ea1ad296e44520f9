from typing import Any

import pytest

from crm.matching import MOST, keep_duplicates
from crm.models import Account, Contact, Kind, PotentialDuplicate
from crm.tests.factories import make_account, make_contact, make_deal

pytestmark = pytest.mark.django_db


def pairs() -> list[tuple[int, int, str]]:
    return list(PotentialDuplicate.objects.order_by("id").values_list("record_id", "other_id", "reason"))


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ({"email": "ann@x.com"}, {"email": "ANN@X.com"}, "same_email"),
        ({"email": "ann@x.com"}, {"email": "bob@x.com"}, None),
        ({"email": "", "last_name": "Lee"}, {"email": "", "last_name": "Lee"}, None),
        ({"email": "ann@x.com"}, {"email": "ann@x.com", "hidden": True}, "same_email"),
    ],
)
def test_people_pair_by_e_mail(one: dict[str, Any], other: dict[str, Any], reason: str | None) -> None:
    first, second = make_contact(**one), make_contact(**other)
    assert keep_duplicates(Kind.CONTACT, [second.pk]) == bool(reason)
    assert pairs() == ([(first.pk, second.pk, reason)] if reason else [])


def test_people_of_one_name_pair_within_an_account_only() -> None:
    acme, other = make_account(), make_account()
    first, second, _ = [
        make_contact(last_name=n, account=a) for n, a in [("Lee", acme), ("LEE", acme), ("Lee", other)]
    ]
    keep_duplicates(Kind.CONTACT, [first.pk])
    assert pairs() == [(first.pk, second.pk, "same_name_and_account")]


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ({"domain": "x.com"}, {"domain": "x.com"}, "same_domain"),
        ({"name": "Acme"}, {"name": "ACME"}, "same_name"),
        ({"name": "Acme", "domain": "x.com"}, {"name": "acme", "domain": "x.com"}, "same_domain"),
        ({"domain": ""}, {"domain": ""}, None),
        ({"name": "Acme, Inc."}, {"name": "acme  GmbH & Co. KG"}, "same_name"),
        ({"name": "Macy's S.A."}, {"name": "MACY’S"}, "same_name"),
        ({"name": "Ärzte-Haus Müller"}, {"name": "ÄRZTE HAUS MÜLLER LTD"}, "same_name"),
        ({"name": "Inc."}, {"name": "Ltd."}, None),
        ({"name": "!!!"}, {"name": "???"}, None),
        ({"name": "Incorporate"}, {"name": "orporate"}, None),
        ({"name": "Acme Co East"}, {"name": "Acme East"}, None),
    ],
)
def test_accounts_pair_by_domain_then_name(
    one: dict[str, Any], other: dict[str, Any], reason: str | None
) -> None:
    first, second = make_account(**one), make_account(**other)
    keep_duplicates(Kind.ACCOUNT, [first.pk])
    assert pairs() == ([(first.pk, second.pk, reason)] if reason else [])


def test_a_pair_is_new_only_once() -> None:
    ids = [make_account(name="Acme").pk for _ in range(2)]
    assert [keep_duplicates(Kind.ACCOUNT, ids) for _ in range(2)] == [1, 0]


def test_an_edit_unmakes_a_pair() -> None:
    ids = [make_contact(email="ann@x.com").pk for _ in range(2)]
    keep_duplicates(Kind.CONTACT, ids)
    Contact.objects.filter(pk=ids[0]).update(email="bob@x.com")
    keep_duplicates(Kind.CONTACT, ids[:1])
    assert pairs() == []


def test_a_delete_removes_its_pairs() -> None:
    ids = [make_account(name="Acme").pk for _ in range(2)]
    keep_duplicates(Kind.ACCOUNT, ids)
    Account.objects.filter(pk=ids[1]).delete()
    keep_duplicates(Kind.ACCOUNT, ids[1:])
    assert pairs() == []


def test_a_merged_record_loses_its_pairs() -> None:
    ids = [make_account(name="Acme").pk for _ in range(2)]
    keep_duplicates(Kind.ACCOUNT, ids)
    Account.objects.filter(pk=ids[0]).update(merged_into=ids[1], hidden=True)
    keep_duplicates(Kind.ACCOUNT, ids[:1])
    assert pairs() == []


def test_a_pair_whose_reason_changed_stays_and_is_no_new_one() -> None:
    ids = [make_account(name="Acme", domain="acme.com").pk for _ in range(2)]
    keep_duplicates(Kind.ACCOUNT, ids)
    Account.objects.filter(pk=ids[0]).update(domain="")
    assert keep_duplicates(Kind.ACCOUNT, ids[:1]) == 0
    assert pairs() == [(*ids, "same_name")]


def test_of_three_alike_two_look_like_one_that_was_there() -> None:
    ids = [make_account(name="Acme").pk for _ in range(3)]
    assert keep_duplicates(Kind.ACCOUNT, ids) == 2


def test_who_becomes_alike_counts_once_however_many_others_there_are() -> None:
    first, *others = [make_account(name=name).pk for name in ("Other", "Acme", "Acme", "Acme")]
    keep_duplicates(Kind.ACCOUNT, others)
    Account.objects.filter(pk=first).update(name="Acme")
    assert keep_duplicates(Kind.ACCOUNT, [first]) == 1


def test_a_shared_address_makes_no_more_pairs_than_the_cap() -> None:
    ids = [make_contact(email="info@x.com").pk for _ in range(MOST + 5)]
    keep_duplicates(Kind.CONTACT, ids[-1:])
    assert PotentialDuplicate.objects.count() == MOST


def test_another_takes_the_place_of_one_that_left_a_crowd() -> None:
    ids = [make_contact(email="info@x.com").pk for _ in range(MOST + 5)]
    keep_duplicates(Kind.CONTACT, ids)
    Contact.objects.filter(pk=ids[0]).update(email="ann@x.com")
    keep_duplicates(Kind.CONTACT, ids[:1])
    assert PotentialDuplicate.objects.filter(other_id=ids[-1]).count() == MOST


def test_ids_that_never_were_are_no_harm() -> None:
    assert keep_duplicates(Kind.CONTACT, [987_654_321]) == 0


def test_deals_have_no_duplicates() -> None:
    deals = [make_deal(name="Big one") for _ in range(2)]
    assert keep_duplicates(Kind.DEAL, [deal.pk for deal in deals]) == 0

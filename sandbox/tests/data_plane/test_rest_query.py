"""Pages of a query."""

from datetime import timedelta
from urllib.parse import quote

import pytest

from sandbox.org import Org
from sandbox.tests.data_plane.conftest import Call, HandClock

SOQL = "/query?q=" + quote("SELECT LastName FROM Contact ORDER BY LastName")
SMALL = {"Sforce_Query_Options": "batchSize=200"}


@pytest.fixture
def crowd(org: Org) -> list[str]:
    return org.raw_insert("Contact", ({"LastName": f"{n:04}"} for n in range(450)))


def test_pages_follow_each_other_to_the_end(call: Call, crowd: list[str]) -> None:
    pages = [call("GET", SOQL, **SMALL).json()]
    while not pages[-1]["done"]:
        pages.append(call("GET", pages[-1]["nextRecordsUrl"], **SMALL).json())
    names = [record["LastName"] for page in pages for record in page["records"]]

    assert [len(page["records"]) for page in pages] == [200, 200, 50]
    assert names == [f"{n:04}" for n in range(450)]
    assert {page["totalSize"] for page in pages} == {450}


def test_a_locator_has_eighteen_characters_and_an_offset(call: Call, crowd: list[str]) -> None:
    url = call("GET", SOQL, **SMALL).json()["nextRecordsUrl"]
    locator, offset = url.rsplit("/", 1)[1].split("-")

    assert (len(locator), locator[:3], offset) == (18, "0r8", "200")


def test_pages_do_not_shift_when_rows_come_and_go(org: Org, ada: str, call: Call, crowd: list[str]) -> None:
    first = call("GET", SOQL, **SMALL).json()
    org.insert("Contact", {"LastName": "0000a"}, user_id=ada)
    org.delete("Contact", crowd[0], user_id=ada)
    second = call("GET", first["nextRecordsUrl"], **SMALL).json()

    assert second["records"][0]["LastName"] == "0200"


@pytest.mark.parametrize(("header", "rows"), [("batchSize=1", 200), ("batchSize=9999", 450), ("", 450)])
def test_a_batch_size_out_of_bounds_is_brought_into_them(
    call: Call, crowd: list[str], header: str, rows: int
) -> None:
    assert len(call("GET", SOQL, Sforce_Query_Options=header).json()["records"]) == rows


def test_an_org_may_serve_fewer_rows_than_asked(org: Org, call: Call, crowd: list[str]) -> None:
    org.set_setting("page_rows", "7")

    assert len(call("GET", SOQL).json()["records"]) == 7


def test_a_cursor_dies_after_two_days(call: Call, crowd: list[str], hand_clock: HandClock) -> None:
    url = call("GET", SOQL, **SMALL).json()["nextRecordsUrl"]
    hand_clock.now += timedelta(days=2, seconds=1)
    answer = call("GET", url, **SMALL)

    assert (answer.status, answer.json()[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")


def test_query_all_sees_the_bin_on_every_page(org: Org, ada: str, call: Call, crowd: list[str]) -> None:
    org.delete("Contact", crowd[300], user_id=ada)
    first = call("GET", SOQL.replace("query?", "queryAll?"), **SMALL).json()
    second = call("GET", first["nextRecordsUrl"], **SMALL).json()

    assert first["totalSize"] == 450
    assert second["records"][100]["LastName"] == "0300"


def test_a_grouped_answer_cannot_be_paged(org: Org, call: Call) -> None:
    org.raw_insert("Contact", ({"LastName": f"{n:05}"} for n in range(2001)))
    answer = call("GET", "/query?q=" + quote("SELECT LastName, COUNT(Id) FROM Contact GROUP BY LastName"))

    assert answer.json()[0]["errorCode"] == "EXCEEDED_ID_LIMIT"

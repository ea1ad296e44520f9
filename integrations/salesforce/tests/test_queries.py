import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from integrations.salesforce.bulk import BulkPage
from integrations.salesforce.errors import NeedsPerson, QueryCursorLost, TryLater
from integrations.salesforce.org import Org
from integrations.salesforce.tests.scripted_server import Answer, ScriptedServer

OpenDoor = Callable[..., tuple[Org, ScriptedServer]]

ORG_CLOCK = datetime(2026, 3, 5, 10, tzinfo=UTC)
NEXT = "/services/data/v62.0/query/0r8xx000000001-2000"
FIRST = {"totalSize": 3, "done": False, "nextRecordsUrl": NEXT, "records": [{"Id": "1"}, {"Id": "2"}]}
LAST = {"totalSize": 3, "done": True, "records": [{"Id": "3"}]}
CSV = '"Id","Name"\n"1","Ada"\n"2","Grace"\n'
RESULTS = {"Content-Type": "text/csv", "Sforce-NumberOfRecords": "2", "Sforce-Locator": "null"}


def test_a_query_is_read_page_after_page(door: OpenDoor) -> None:
    org, server = door(Answer(FIRST), Answer(LAST))
    assert [row["Id"] for row in org.query_all("SELECT Id FROM Contact")] == ["1", "2", "3"]
    assert server.asked[1].path == NEXT


def test_a_page_knows_the_clock_of_the_org_when_it_was_asked_for(door: OpenDoor) -> None:
    org, _ = door(Answer(LAST))
    page = org.query_page("SELECT Id FROM Contact")
    assert ORG_CLOCK - timedelta(seconds=2) < page.asked_at <= ORG_CLOCK
    assert org.answered_at == ORG_CLOCK


def test_the_recycle_bin_is_a_resource_of_its_own(door: OpenDoor) -> None:
    org, server = door(Answer(LAST))
    org.query_page("SELECT Id FROM Contact WHERE Name = 'a+b & ü'", include_deleted=True, batch_size=500)
    parts = urlsplit(server.asked[0].path)
    assert parts.path == "/services/data/v62.0/queryAll"
    assert parse_qs(parts.query) == {"q": ["SELECT Id FROM Contact WHERE Name = 'a+b & ü'"]}
    assert server.asked[0].headers["Sforce-Query-Options"] == "batchSize=500"


def test_a_long_query_goes_through_composite(door: OpenDoor) -> None:
    body = {
        "compositeResponse": [
            {"body": LAST, "httpStatusCode": 200, "httpHeaders": {}, "referenceId": "query"}
        ]
    }
    org, server = door(Answer(body))
    page = org.query_page(f"SELECT Id FROM Contact WHERE Name = '{'x' * 16000}'")
    assert page.records == [{"Id": "3"}]
    assert (server.asked[0].method, server.asked[0].path) == ("POST", "/services/data/v62.0/composite")


def test_a_long_query_that_is_wrong_raises(door: OpenDoor) -> None:
    error = [{"errorCode": "MALFORMED_QUERY", "message": "unexpected token: x"}]
    body = {"compositeResponse": [{"body": error, "httpStatusCode": 400, "referenceId": "query"}]}
    org, _ = door(Answer(body))
    with pytest.raises(NeedsPerson, match="MALFORMED_QUERY"):
        org.query_page("x" * 16000)


@pytest.mark.parametrize("body", [{"message": "hello"}, ["x"], None])
def test_an_answer_that_is_no_page_is_asked_for_later(door: OpenDoor, body: object) -> None:
    org, _ = door(Answer(body))
    with pytest.raises(TryLater):
        org.query_page("SELECT Id FROM Contact")


def test_a_dropped_cursor_says_so(door: OpenDoor) -> None:
    org, _ = door(
        Answer([{"errorCode": "INVALID_QUERY_LOCATOR", "message": "invalid query locator"}], status=400)
    )
    with pytest.raises(QueryCursorLost):
        org.next_page(NEXT)


def test_a_cursor_of_another_version_is_not_followed(door: OpenDoor) -> None:
    org, server = door(Answer(LAST))
    with pytest.raises(QueryCursorLost):
        org.next_page("/services/data/v58.0/query/0r8xx-2000")
    assert server.asked == []


def test_deleted_records_come_with_their_moment(door: OpenDoor) -> None:
    stamp = "2026-03-05T09:30:00.000+0000"
    rows = [{"id": "003aj000002oTld", "deletedDate": stamp}]
    org, server = door(
        Answer({"deletedRecords": rows, "earliestDateAvailable": stamp, "latestDateCovered": stamp})
    )
    found = org.deleted("Contact", ORG_CLOCK - timedelta(hours=1), ORG_CLOCK)
    assert found.records[0].id == "003aj000002oTldAAE"
    assert found.covered_until == datetime(2026, 3, 5, 9, 30, tzinfo=UTC)
    assert parse_qs(urlsplit(server.asked[0].path).query)["end"] == ["2026-03-05T10:00:00+00:00"]


def test_a_span_without_time_zone_is_refused(door: OpenDoor) -> None:
    org, _ = door(Answer({}))
    with pytest.raises(ValueError, match="time zone"):
        org.updated("Contact", datetime(2026, 3, 5), datetime(2026, 3, 6))  # noqa: DTZ001


def test_a_page_of_results_is_streamed(door: OpenDoor) -> None:
    org, server = door(Answer(CSV, headers=RESULTS | {"Sforce-Locator": "MTAw"}))
    file = io.BytesIO()
    page = org.download_query_page("750xx", locator="NTA", max_records=2, into=file)
    assert page == BulkPage(rows=2, next_locator="MTAw", bytes=len(CSV))
    assert file.getvalue().decode() == CSV
    assert server.asked[0].path.endswith("/jobs/query/750xx/results?locator=NTA&maxRecords=2")


def test_the_last_page_has_no_locator(door: OpenDoor) -> None:
    org, _ = door(Answer(CSV, headers=RESULTS))
    assert org.download_query_page("750xx", into=io.BytesIO()).next_locator is None


@pytest.mark.parametrize(
    "answer",
    [
        Answer(CSV, headers=RESULTS, cut=20),
        Answer(CSV[:-4], headers=RESULTS),
        Answer("5\r\nabcde\r\n", headers=RESULTS | {"Transfer-Encoding": "chunked"}, cut=10),
        Answer("<html></html>"),
    ],
    ids=["cut", "half a line", "unfinished chunks", "page"],
)
def test_results_that_break_off_are_noticed(door: OpenDoor, answer: Answer) -> None:
    if "Transfer-Encoding" in answer.headers:
        answer.headers["Content-Length"] = ""
    org, _ = door(answer)
    with pytest.raises(TryLater):
        org.download_query_page("750xx", into=io.BytesIO())


def test_a_job_carries_the_clock_of_the_org(door: OpenDoor) -> None:
    job = {
        "id": "750xx",
        "object": "Contact",
        "state": "Failed",
        "createdDate": "2026-03-05T09:30:00.000+0000",
    }
    org, _ = door(Answer(job | {"numberRecordsProcessed": 7, "errorMessage": "InvalidBatch"}))
    found = org.query_job("750xx")
    assert (found.records, found.error, found.finished) == (7, "InvalidBatch", True)
    assert found.created_at == datetime(2026, 3, 5, 9, 30, tzinfo=UTC)

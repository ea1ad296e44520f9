import csv
import io
import time
from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from integrations.salesforce.bulk import QueryJob
from integrations.salesforce.errors import Gone, NeedsPerson, QueryCursorLost
from integrations.salesforce.hosts import is_loopback
from integrations.salesforce.org import Org
from integrations.salesforce.soql import quote, select

Make = Callable[..., str]


@pytest.fixture
def many(org: Org, unique: str) -> str:
    """450 leads of one company, on an org of our own only."""
    if not is_loopback(urlsplit(org.instance_url).hostname or ""):
        pytest.skip("a real org is spared 450 records")
    rows = [{"LastName": f"Nº {number}, “x”", "Company": unique} for number in range(450)]
    for start in range(0, 450, 200):
        assert all(row.success for row in org.create_many("Lead", rows[start : start + 200]))
    return select(["Id", "LastName"], "Lead", where=f"Company = {quote(unique)}", order_by=["Id"])


def finished(org: Org, job_id: str) -> QueryJob:
    for _ in range(300):
        job = org.query_job(job_id)
        if job.finished:
            return job
        time.sleep(0.2)
    raise AssertionError("the job doesn't end")


def test_a_page_is_of_the_clock_of_the_org(org: Org) -> None:
    page = org.query_page("SELECT Id FROM User LIMIT 1")
    assert org.answered_at is not None
    assert timedelta(0) <= org.answered_at - page.asked_at < timedelta(minutes=1)
    assert len(page.records) == 1


@pytest.mark.parametrize("text", ["O'Neil", "back\\slash", 'double "quote"', "100% _under_", "Ünï 日本"])
def test_quoted_text_finds_its_record(org: Org, make: Make, unique: str, text: str) -> None:
    record_id = make("Contact", LastName=f"{unique} {text}")
    soql = select(["Id"], "Contact", where=f"LastName = {quote(f'{unique} {text}')}")
    assert [row["Id"] for row in org.query_all(soql)] == [record_id]


def test_pages_follow_each_other_to_the_end(org: Org, many: str) -> None:
    page = org.query_page(many, batch_size=200)
    ids, pages = [row["Id"] for row in page.records], 1
    while page.next_url:
        page = org.next_page(page.next_url, batch_size=200)
        ids += [row["Id"] for row in page.records]
        pages += 1
    assert page.total == len(ids) == len(set(ids)) == 450
    assert pages >= 3


def test_a_made_up_cursor_is_lost(org: Org) -> None:
    with pytest.raises(QueryCursorLost):
        org.next_page(f"/services/data/v{org.api_version}/query/0r8000000000000AAA-2000")


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT Id FROM", "MALFORMED_QUERY"),
        ("SELECT NoSuchField__c FROM Contact", "INVALID_FIELD"),
        ("SELECT Id FROM NoSuchThing__c", "INVALID_TYPE"),
    ],
)
def test_a_wrong_query_says_why(org: Org, soql: str, code: str) -> None:
    with pytest.raises(NeedsPerson) as raised:
        org.query_page(soql)
    assert raised.value.code == code


def test_a_query_too_long_for_an_address_is_answered(org: Org, make: Make, unique: str) -> None:
    record_id = make("Contact", LastName=unique)
    names = [unique, *(f"{unique} {number:060}" for number in range(250))]
    page = org.query_page(select(["Id"], "Contact", where=f"LastName IN {quote(names)}"))
    assert [row["Id"] for row in page.records] == [record_id]


def test_a_bulk_job_gives_what_a_query_gives(org: Org, many: str) -> None:
    job = finished(org, org.start_query_job(many))
    assert (job.state, job.records, job.sobject) == ("JobComplete", 450, "Lead")
    rows: list[dict[str, str]] = []
    locator = None
    while True:
        file = io.BytesIO()
        page = org.download_query_page(job.id, locator=locator, max_records=200, into=file)
        read = list(csv.DictReader(io.StringIO(file.getvalue().decode(), newline="")))
        assert len(read) == page.rows
        rows += read
        locator = page.next_locator
        if locator is None:
            break
    found = [{"Id": row["Id"], "LastName": row["LastName"]} for row in org.query_all(many)]
    assert sorted(rows, key=lambda row: row["Id"]) == found


def test_a_bulk_page_can_be_read_again(org: Org, many: str) -> None:
    job = finished(org, org.start_query_job(many))
    first, again = io.BytesIO(), io.BytesIO()
    locator = org.download_query_page(job.id, max_records=200, into=io.BytesIO()).next_locator
    org.download_query_page(job.id, locator=locator, max_records=200, into=first)
    org.download_query_page(job.id, locator=locator, max_records=200, into=again)
    assert first.getvalue() == again.getvalue()


def test_a_deleted_job_is_gone(org: Org) -> None:
    job = finished(org, org.start_query_job("SELECT Id FROM User"))
    org.delete_query_job(job.id)
    with pytest.raises(Gone):
        org.query_job(job.id)


def test_a_wrong_bulk_query_fails_in_words(org: Org) -> None:
    assert "NoSuchField__c" in failure_of_job(org, "SELECT NoSuchField__c FROM Contact")


def failure_of_job(org: Org, soql: str) -> str:
    """Salesforce refuses some queries at once and lets others fail as a job."""
    try:
        return finished(org, org.start_query_job(soql)).error or ""
    except NeedsPerson as error:
        return error.message

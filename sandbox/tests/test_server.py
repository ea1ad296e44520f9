"""The server as a process: how it starts, speaks HTTP, remembers and ends."""

import gzip
import http.client
import socket
import subprocess
import sys
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sandbox.testing import ROOT, RunningOrg, start_org
from sandbox.tests.calling import V60, app_token, send


def test_a_connection_is_kept(org: RunningOrg, token: str) -> None:
    connection = http.client.HTTPConnection(urlsplit(org.url).netloc)
    for _ in range(3):
        connection.request("GET", "/services/data")
        answer = connection.getresponse()
        assert (answer.status, answer.version) == (200, 11)
        answer.read()
    connection.close()


def test_json_is_compressed_for_those_who_accept_it(org: RunningOrg, token: str) -> None:
    headers = {"Accept-Encoding": "gzip"}
    reply = send(org, "GET", f"{V60}/sobjects/Contact/describe", token=token, headers=headers)
    assert reply.headers["content-encoding"] == "gzip"
    assert b'"Contact"' in gzip.decompress(reply.body)


def test_data_calls_tell_the_usage(org: RunningOrg, token: str) -> None:
    org.control("PATCH", "/options", {"api_used": 17})
    reply = send(org, "GET", f"{V60}/limits", token=token)
    assert reply.headers["sforce-limit-info"] == "api-usage=18/5000000"
    assert reply.json()["DailyApiRequests"] == {"Max": 5_000_000, "Remaining": 4_999_982}


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("daily_limit", "TotalRequests Limit exceeded."),
        ("concurrent_limit", "ConcurrentPerOrgLongTxn Limit exceeded."),
    ],
)
def test_a_used_up_limit_is_a_403(org: RunningOrg, token: str, option: str, words: str) -> None:
    org.control("PATCH", "/options", {option: 0})
    reply = send(org, "GET", f"{V60}/limits", token=token)
    assert reply.status == 403
    assert reply.json() == [{"message": words, "errorCode": "REQUEST_LIMIT_EXCEEDED"}]


def test_the_date_is_the_org_s(org: RunningOrg) -> None:
    org.control("POST", "/clock", {"freeze": True, "set": "2030-01-31T09:00:00+00:00"})
    org.control("POST", "/clock", {"set": "2030-01-31T09:00:00+00:00"})
    date = parsedate_to_datetime(send(org, "GET", "/services/data").headers["date"])
    assert date.isoformat() == "2030-01-31T09:00:00+00:00"


def test_a_post_may_stand_for_another_method(org: RunningOrg, token: str) -> None:
    reply = send(org, "POST", f"{V60}/sobjects/Account?_HTTP_METHOD=PUT", token=token)
    assert reply.status == 405


@pytest.mark.parametrize(
    ("path", "headers", "status"), [("?q=" + "x" * 17_000, {}, 414), ("", {"X": "x" * 17_000}, 431)]
)
def test_addresses_and_headers_have_a_limit(
    org: RunningOrg, path: str, headers: dict[str, str], status: int
) -> None:
    assert send(org, "GET", f"/services/data{path}", headers=headers).status == status


def test_a_chunked_body_is_read(org: RunningOrg) -> None:
    connection = http.client.HTTPConnection(urlsplit(org.url).netloc)
    connection.request("POST", "/sandbox/api/clock", iter([b'{"adv', b'ance": 0}']), encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.parametrize("headers", [{"Host": "org.example"}, {"Origin": "http://127.0.0.1:1"}])
def test_the_control_api_answers_programs_of_this_machine_only(
    org: RunningOrg, headers: dict[str, str]
) -> None:
    assert send(org, "GET", "/sandbox/api/clock", headers=headers).status == 403


def test_everything_outlasts_a_restart(tmp_path: Path) -> None:
    with start_org(tmp_path, org_name="First") as org:
        token = app_token(org)
        org.control("POST", "/records/Account", {"records": [{"Name": "Kept"}]})
        org.control("POST", "/clock", {"advance": 3600})
        clock = org.control("GET", "/clock")["now"]
    with start_org(tmp_path, org_name="First") as again:
        assert again.control("GET", "/counts")["Account"] == 1
        assert send(again, "GET", f"{V60}/limits", token=token).status == 200
        assert again.control("GET", "/clock")["now"] > clock


def test_two_names_are_two_orgs(tmp_path: Path) -> None:
    with (
        start_org(tmp_path, file="a", org_name="One") as one,
        start_org(tmp_path, file="b", org_name="Two") as two,
    ):
        assert app_token(one)[:15] != app_token(two)[:15]


def test_an_org_is_what_it_is_told_to_be(tmp_path: Path) -> None:
    with start_org(tmp_path, org_id="00D000000000062", org_name="Prod", production=True) as org:
        (row,) = org.control("GET", "/query?q=SELECT+Id,Name,IsSandbox+FROM+Organization")["records"]
    assert (row["Id"], row["Name"], row["IsSandbox"]) == ("00D000000000062EAA", "Prod", False)


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "sandbox", "serve", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)


def test_a_port_in_use_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run(f"--port={port}", f"--db={tmp_path / 'x'}")
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert str(port) in ended.stderr


def test_another_org_s_file_is_refused(tmp_path: Path) -> None:
    start_org(tmp_path, file="x", org_name="One").stop()
    ended = run("--port=0", f"--db={tmp_path / 'x'}", "--org-id=00D000000000062")
    assert ended.returncode == 1
    assert "Use another file" in ended.stderr


def test_it_ends_cleanly_when_told_to(tmp_path: Path) -> None:
    assert start_org(tmp_path).stop() == 0

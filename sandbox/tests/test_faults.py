"""Faults over HTTP: each named one does what the table says, and rules meet the calls they name."""

import http.client
import time

import pytest

from sandbox.fault_table import FAULTS
from sandbox.faults import Call, Faults, Match, read_match
from sandbox.testing import RunningOrg
from sandbox.tests.calling import V60, send

JOBS = f"{V60}/jobs/query"
ANSWERED = sorted(name for name, fault in FAULTS.items() if fault.effect.status)


@pytest.mark.parametrize("name", ANSWERED)
def test_a_fault_with_a_status_answers_instead(org: RunningOrg, token: str, name: str) -> None:
    org.control("POST", "/faults", {"name": name})
    reply, effect = send(org, "GET", JOBS, token=token), FAULTS[name].effect
    assert reply.status == effect.status
    assert (reply.text if isinstance(effect.body, str) else reply.json()) == effect.body
    assert effect.headers.items() <= {k.title(): v for k, v in reply.headers.items()}.items()
    assert send(org, "GET", JOBS, token=token).status == 200


def listed(org: RunningOrg, token: str) -> int:
    return len(send(org, "GET", JOBS, token=token).json()["records"])


QUERY = '{"operation": "query", "query": "SELECT Id FROM User"}'


@pytest.mark.parametrize(("name", "made"), [("cut_before", 0), ("cut_after", 1)])
def test_a_cut_connection_comes_before_or_after_the_work(
    org: RunningOrg, token: str, name: str, made: int
) -> None:
    before = listed(org, token)
    org.control("POST", "/faults", {"name": name, "match": {"method": "POST"}})
    with pytest.raises(http.client.RemoteDisconnected):
        send(org, "POST", JOBS, QUERY, token=token)
    assert listed(org, token) == before + made


def test_a_broken_body_is_noticed_by_its_length(org: RunningOrg, token: str) -> None:
    org.control("POST", "/faults", {"name": "truncated"})
    with pytest.raises(http.client.IncompleteRead):
        send(org, "GET", JOBS, token=token)


def test_a_silently_broken_body_looks_whole(org: RunningOrg, token: str) -> None:
    whole = len(send(org, "GET", JOBS, token=token).body)
    org.control("POST", "/faults", {"name": "truncated_csv"})
    assert len(send(org, "GET", JOBS, token=token).body) == whole // 2


def test_a_slow_answer_waits(org: RunningOrg, token: str) -> None:
    org.control("POST", "/faults", {"do": {"delay": 0.3}})
    started = time.monotonic()
    assert send(org, "GET", JOBS, token=token).status == 200
    assert time.monotonic() - started >= 0.3


def test_with_a_path_signing_in_can_go_wrong_too(org: RunningOrg) -> None:
    org.control("POST", "/faults", {"name": "unavailable", "match": {"path": "oauth2/token"}})
    assert send(org, "POST", "/services/oauth2/token").status == 503


def test_a_rule_begins_at_the_nth_call_and_ends_after_its_times() -> None:
    faults = Faults()
    faults.add("server_error", match=Match(nth=2, times=2))
    met = [faults.meet(Call("GET", JOBS)) is not None for _ in range(5)]
    assert met == [False, True, True, False, False]


@pytest.mark.parametrize(
    ("match", "call"),
    [
        (Match(method="PATCH,POST"), Call("POST", "/services/data/v60.0/x")),
        (Match(object="Contact"), Call("GET", "/services/data/v60.0/sobjects/Contact/003")),
        (Match(object="contact"), Call("GET", "/services/data/v60.0/query?q=SELECT+Id+FROM+Contact")),
        (
            Match(object="Contact"),
            Call("POST", "/services/data/v60.0/jobs/query", '{"query":"SELECT Id FROM Contact"}'),
        ),
        (Match(object="Lead"), Call("POST", "/services/data/v60.0/composite/sobjects", '{"type": "Lead"}')),
        (Match(user="A@x.example"), Call("GET", "/services/data/v60.0/", user="a@x.example")),
        (Match(path=r"/updated/\?"), Call("GET", "/services/data/v60.0/sobjects/Lead/updated/?start=1")),
    ],
)
def test_a_match_names_the_calls_it_means(match: Match, call: Call) -> None:
    assert match.meets(call)
    assert not match.meets(Call("DELETE", "/services/data/v60.0/sobjects/ContactPoint/1"))


def test_the_control_api_is_never_met() -> None:
    assert not Match(path=".").meets(Call("GET", "/sandbox/api/faults"))


@pytest.mark.parametrize(
    "raw",
    [
        {"name": "no such"},
        {},
        {"do": {"explode": 1}},
        {"do": {"cut": "sideways"}},
        {"match": {"planet": "x"}},
    ],
)
def test_a_bad_rule_is_refused_in_words(org: RunningOrg, raw: dict[str, object]) -> None:
    with pytest.raises(RuntimeError, match="400"):
        org.control("POST", "/faults", raw)


def test_a_bad_pattern_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="regular expression"):
        read_match({"path": "("})


def test_rules_are_listed_and_cleared(org: RunningOrg) -> None:
    rule = org.control("POST", "/faults", {"name": "slow", "match": {"times": 0}})
    assert [known["id"] for known in org.control("GET", "/faults")] == [rule["id"]]
    org.control("DELETE", f"/faults/{rule['id']}")
    assert org.control("GET", "/faults") == []

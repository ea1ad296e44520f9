import logging
import socket
import traceback
from collections.abc import Callable

import pytest

from integrations.salesforce.errors import (
    NeedsPerson,
    OutcomeUnknown,
    SalesforceError,
    SignInNeeded,
    TryLater,
)
from integrations.salesforce.hosts import HostRefused
from integrations.salesforce.org import Org
from integrations.salesforce.tests.conftest import SECRET
from integrations.salesforce.tests.scripted_server import Answer, ScriptedServer
from integrations.salesforce.tokens import StaticTokens, Token
from integrations.salesforce.wire import Usage, parse_usage

OpenDoor = Callable[..., tuple[Org, ScriptedServer]]

EXPIRED = Answer([{"errorCode": "INVALID_SESSION_ID", "message": "Session expired or invalid"}], status=401)
LIMITS = Answer({"DailyApiRequests": {"Max": 15000, "Remaining": 14000}})
CREATED = Answer({"id": "003aj000002oTldAAE", "success": True, "errors": []}, status=201)
HTML = "<html><title>Down</title></html>"


class Rotating:
    """Tokens that can be refreshed any number of times; counts how often they were."""

    def __init__(self, url: str) -> None:
        self.token = Token("first", url)

    def current(self) -> Token:
        return self.token

    def refreshed(self, stale: Token) -> Token:
        self.token = Token("second", stale.instance_url, version=stale.version + 1)
        return self.token


class Counting:
    """A meter that adds up."""

    def __init__(self) -> None:
        self.calls = 0
        self.usage: Usage | None = None

    def count(self, calls: int, usage: Usage | None) -> None:
        self.calls += calls
        self.usage = usage or self.usage


def test_an_expired_session_is_refreshed_and_the_call_replayed(serve: Callable[..., ScriptedServer]) -> None:
    server = serve(EXPIRED, CREATED)
    org = Org(Rotating(server.url))
    assert org.create("Contact", {"LastName": "Ada"}) == "003aj000002oTldAAE"
    assert [item.headers["Authorization"] for item in server.asked] == ["Bearer first", "Bearer second"]
    assert server.asked[1].body == {"LastName": "Ada"}


def test_a_refresh_that_does_not_help_ends_after_one(serve: Callable[..., ScriptedServer]) -> None:
    server = serve(EXPIRED)
    with pytest.raises(SignInNeeded):
        Org(Rotating(server.url)).limits()
    assert len(server.asked) == 2


def test_a_session_that_may_not_use_the_api_is_not_refreshed(door: OpenDoor) -> None:
    text = "This session is not valid for use with the REST API"
    org, server = door(Answer([{"errorCode": "INVALID_SESSION_ID", "message": text}], status=401))
    with pytest.raises(NeedsPerson):
        org.limits()
    assert len(server.asked) == 1


def test_a_read_is_tried_again(door: OpenDoor) -> None:
    page = Answer(HTML, headers={"Content-Type": "text/html;charset=UTF-8"})
    org, server = door(Answer(HTML, status=502), Answer(silent=True), page, LIMITS)
    assert org.limits().daily_calls is not None
    assert len(server.asked) == 4


def test_a_read_gives_up_in_the_end(door: OpenDoor) -> None:
    org, server = door(Answer(HTML, status=503))
    with pytest.raises(TryLater):
        org.limits()
    assert len(server.asked) == 4


def test_waiting_longer_than_a_moment_is_left_to_the_caller(door: OpenDoor) -> None:
    org, server = door(Answer(HTML, status=503, headers={"Retry-After": "600"}))
    with pytest.raises(TryLater) as raised:
        org.limits()
    assert (raised.value.after, len(server.asked)) == (600, 1)


def test_the_daily_limit_is_not_tried_again(door: OpenDoor) -> None:
    message = "TotalRequests Limit exceeded."
    org, server = door(Answer([{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": message}], status=403))
    with pytest.raises(TryLater):
        org.limits()
    assert len(server.asked) == 1


def test_salesforce_is_given_the_time_it_asks_for(serve: Callable[..., ScriptedServer]) -> None:
    waited: list[float] = []
    server = serve(Answer(HTML, status=503, headers={"Retry-After": "7"}), LIMITS)
    Org(StaticTokens(SECRET, server.url), sleep=waited.append).limits()
    assert len(waited) == 1
    assert 7 < waited[0] < 9


@pytest.mark.parametrize(
    "answer",
    [
        Answer(silent=True),
        Answer(HTML, status=502),
        Answer(HTML, status=200),
        Answer({"id": "003aj000002oTldAAE"}, status=201, cut=9),
        Answer("", status=504),
        Answer({"success": True}, status=201),
        Answer("[]", status=201),
    ],
    ids=["cut", "bad gateway", "page", "truncated", "gateway timeout", "no id", "nothing"],
)
def test_a_write_whose_answer_is_lost_is_unknown_and_sent_once(door: OpenDoor, answer: Answer) -> None:
    org, server = door(answer)
    with pytest.raises(OutcomeUnknown):
        org.create("Contact", {"LastName": "Ada"})
    assert len(server.asked) == 1


def test_a_write_that_salesforce_rolled_back_may_be_tried_later(door: OpenDoor) -> None:
    org, _ = door(Answer([{"errorCode": "UNKNOWN_EXCEPTION", "message": "ErrorId 1"}], status=500))
    with pytest.raises(TryLater):
        org.create("Contact", {"LastName": "Ada"})


def test_a_write_that_never_left_may_be_tried_later() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(TryLater) as raised:
            Org(StaticTokens(SECRET, url)).create("Contact", {"LastName": "Ada"})
    assert raised.value.scope == "network"


def test_a_silent_server_is_not_waited_for_forever() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        tokens = StaticTokens(SECRET, f"http://127.0.0.1:{listening.getsockname()[1]}")
        with pytest.raises(OutcomeUnknown) as raised:
            Org(tokens, timeout=(1.0, 0.2)).create("Contact", {"LastName": "Ada"})
    assert raised.value.code == "TIMEOUT"


def test_a_redirect_is_not_followed(door: OpenDoor) -> None:
    org, server = door(Answer(status=302, headers={"Location": "https://evil.example/"}))
    with pytest.raises(SignInNeeded):
        org.limits()
    assert len(server.asked) == 1


def test_plain_http_beyond_loopback_is_refused() -> None:
    with pytest.raises(HostRefused):
        Org(StaticTokens(SECRET, "http://acme.my.salesforce.com")).limits()


def test_every_call_is_counted_with_the_usage_of_the_org(serve: Callable[..., ScriptedServer]) -> None:
    usage = {"Sforce-Limit-Info": "api-usage=18/5000"}
    server = serve(Answer(HTML, status=502), Answer({}, headers=usage))
    meter = Counting()
    Org(StaticTokens(SECRET, server.url), meter=meter, sleep=lambda seconds: None).limits()
    assert (meter.calls, meter.usage) == (2, Usage(used=18, limit=5000))


def test_the_usage_of_one_app_is_not_the_usage_of_the_org() -> None:
    assert parse_usage("per-app-api-usage=17/250(appName=x)") is None
    assert parse_usage("api-usage=25/5000; per-app-api-usage=17/250(appName=x)") == Usage(25, 5000)


def test_calls_carry_our_name_and_no_line_breaks(door: OpenDoor) -> None:
    org, server = door(LIMITS)
    org.limits()
    assert server.asked[0].headers["Sforce-Call-Options"] == "client=Lockstep"
    assert "X-PrettyPrint" not in server.asked[0].headers


def test_a_netrc_cannot_replace_the_token(
    door: OpenDoor, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = f"{tmp_path}/netrc"
    with open(netrc, "w") as file:
        file.write("machine 127.0.0.1 login somebody password else")
    monkeypatch.setenv("NETRC", netrc)
    org, server = door(LIMITS)
    org.limits()
    assert server.asked[0].headers["Authorization"] == f"Bearer {SECRET}"


def test_versions_need_no_token(door: OpenDoor) -> None:
    org, server = door(Answer([{"version": "62.0", "label": "Winter '25", "url": "/services/data/v62.0"}]))
    assert org.versions()[0].version == "62.0"
    assert "Authorization" not in server.asked[0].headers


@pytest.mark.parametrize("answer", [EXPIRED, Answer(silent=True), Answer(HTML, status=500)])
def test_no_failure_shows_the_token(door: OpenDoor, answer: Answer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    org, _ = door(answer)
    with pytest.raises(SalesforceError) as raised:
        org.create("Contact", {"LastName": "Ada"})
    shown = "".join(traceback.format_exception(raised.value)) + caplog.text + repr(vars(raised.value))
    assert "SECRET" not in shown
    assert "SECRET" not in repr(StaticTokens(SECRET, "https://acme.my.salesforce.com").current())

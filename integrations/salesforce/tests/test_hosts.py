import pytest

from integrations.salesforce.hosts import (
    HostRefused,
    framing_hosts,
    jwt_audience,
    login_host,
    record_url,
    refuse_plain_http,
)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("https://login.salesforce.com", "https://login.salesforce.com"),
        ("https://login.salesforce.com/?locale=de", "https://login.salesforce.com"),
        ("sandbox", "https://test.salesforce.com"),
        (" acme.my.salesforce.com ", "https://acme.my.salesforce.com"),
        ("https://ACME.my.salesforce.com:443/", "https://acme.my.salesforce.com"),
        ("acme--dev.sandbox.my.salesforce.com", "https://acme--dev.sandbox.my.salesforce.com"),
        ("https://acme.lightning.force.com/lightning/page/home", "https://acme.my.salesforce.com"),
        ("acme--dev.sandbox.lightning.force.com", "https://acme--dev.sandbox.my.salesforce.com"),
        ("acme--c.vf.force.com", "https://acme.my.salesforce.com"),
        ("acme--dev--c.sandbox.vf.force.com", "https://acme--dev.sandbox.my.salesforce.com"),
        ("acme.my.salesforce-setup.com", "https://acme.my.salesforce.com"),
        ("http://127.0.0.1:8910", "http://127.0.0.1:8910"),
        ("localhost:8910/login", "http://localhost:8910"),
        ("http://[::1]:8910", "http://[::1]:8910"),
    ],
)
def test_a_typed_host_becomes_the_login_address(typed: str, expected: str) -> None:
    assert login_host(typed) == expected


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "http://login.salesforce.com",
        "http://10.0.0.5:8910",
        "https://login.salesforce.com.evil.example",
        "https://evil.example/login.salesforce.com",
        "https://me:secret@acme.my.salesforce.com",
        "https://login.salesforce.com@evil.example",
        "https://acme.my.salesforce.com:8443",
        "ftp://acme.my.salesforce.com",
        "https://",
        "https://acme.my.salesforce.com:port",
        "ac_me .my.salesforce.com",
        "acme--c.visualforce.com",
        "salesforce.com",
    ],
)
def test_a_host_that_is_not_salesforce_is_refused(typed: str) -> None:
    with pytest.raises(HostRefused, match=r"[A-Z].*"):
        login_host(typed)


def test_a_refusal_does_not_repeat_the_password() -> None:
    with pytest.raises(HostRefused) as refused:
        login_host("https://me:hunter2@acme.my.salesforce.com")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    "url", ["http://acme.my.salesforce.com", "http://127.0.0.1.evil.example", "acme.com"]
)
def test_plain_http_is_for_loopback_only(url: str) -> None:
    with pytest.raises(HostRefused):
        refuse_plain_http(url)


def test_a_record_has_a_page() -> None:
    url = record_url("https://acme.my.salesforce.com", "0015c00002Lz9mU", "Account")
    assert url == "https://acme.my.salesforce.com/lightning/r/Account/0015c00002Lz9mUAAR/view"


def test_a_sandbox_frames_from_its_own_hosts() -> None:
    assert framing_hosts("https://acme--dev.sandbox.my.salesforce.com") == [
        "https://acme--dev.sandbox.my.salesforce.com",
        "https://acme--dev.sandbox.lightning.force.com",
        "https://acme--dev--c.sandbox.vf.force.com",
    ]


def test_an_unknown_host_frames_for_itself_only() -> None:
    assert framing_hosts("http://127.0.0.1:8910") == ["http://127.0.0.1:8910"]


@pytest.mark.parametrize(
    ("login_url", "audience"),
    [
        ("https://login.salesforce.com", "https://login.salesforce.com"),
        ("https://acme.my.salesforce.com", "https://login.salesforce.com"),
        ("https://acme-dev-ed.develop.my.salesforce.com", "https://login.salesforce.com"),
        ("https://test.salesforce.com", "https://test.salesforce.com"),
        ("https://acme--dev.sandbox.my.salesforce.com", "https://test.salesforce.com"),
        ("https://fun-1.scratch.my.salesforce.com", "https://test.salesforce.com"),
        ("http://127.0.0.1:8910", "http://127.0.0.1:8910"),
    ],
)
def test_a_jwt_is_meant_for_a_login_host(login_url: str, audience: str) -> None:
    assert jwt_audience(login_url) == audience

"""Which hosts we speak to, and the addresses derived from an org's host (spec A1, A2, H4)."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from integrations.salesforce.ids import to18

PRODUCTION = "https://login.salesforce.com"
SANDBOX = "https://test.salesforce.com"

_WORDS = {"production": PRODUCTION, "login": PRODUCTION, "sandbox": SANDBOX, "test": SANDBOX}
_DOMAINS = (".salesforce.com", ".salesforce.mil", ".my.sfcrmproducts.cn", ".cloudforce.com")
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})+")
_LIGHTNING = re.compile(r"(?P<org>.+)\.lightning\.force\.com")
_VISUALFORCE = re.compile(
    r"(?P<org>.+)--c(?P<kind>\.[a-z]+)?\.vf\.force\.com|(?P<old>.+)--c\.visualforce\.com"
)
_SETUP = re.compile(r"(?P<org>.+)\.my\.salesforce-setup\.com")


class HostRefused(ValueError):
    """A host we won't speak to; the text is a sentence for whoever typed it."""


def login_host(text: str) -> str:
    """The login address in what an admin typed, such as `https://login.salesforce.com`; raises HostRefused.

    Takes production and sandbox, a My Domain with or without scheme, and the Lightning, Visualforce and Setup
    addresses a browser shows, whose My Domain is known. Plain http passes on loopback only.
    """
    typed = text.strip()
    if not typed:
        raise HostRefused(
            "Type the address at which you sign in to Salesforce, such as acme.my.salesforce.com."
        )
    if typed.lower() in _WORDS:
        return _WORDS[typed.lower()]
    parts = _split(typed)
    if is_loopback(parts.hostname or ""):
        return _origin(parts)
    if parts.scheme != "https":
        raise HostRefused(f"Plain http would show the tokens to the network. Use https://{parts.hostname}.")
    if parts.port not in (None, 443):
        raise HostRefused(f"Salesforce has no port {parts.port}. Leave the port out.")
    return "https://" + _salesforce_host(parts.hostname or "")


def refuse_plain_http(url: str) -> str:
    """The origin (scheme, host, port) of an https url, or of an http one on loopback; else HostRefused."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        return _origin(parts)
    raise HostRefused(f"Plain http is refused, except on this machine: {parts.hostname or url!r}.")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine: 127.0.0.0/8, ::1, localhost."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def jwt_audience(login_url: str) -> str:
    """The audience of a JWT for that host: Salesforce wants a login host named, not a My Domain."""
    origin = refuse_plain_http(login_url)
    host = urlsplit(origin).hostname or ""
    if is_loopback(host):
        return origin
    sandbox = host == "test.salesforce.com" or "--" in host or ".scratch." in host
    return SANDBOX if sandbox else PRODUCTION


def record_url(instance_url: str, salesforce_id: str, sobject: str) -> str:
    """The record's page in Salesforce."""
    return f"{refuse_plain_http(instance_url)}/lightning/r/{sobject}/{to18(salesforce_id)}/view"


def framing_hosts(instance_url: str) -> list[str]:
    """The origins under which this org's pages may frame ours: My Domain, Lightning and Visualforce."""
    origin = refuse_plain_http(instance_url)
    host = urlsplit(origin).hostname or ""
    if not host.endswith(".my.salesforce.com"):
        return [origin]
    org = host.removesuffix(".my.salesforce.com")
    name, dot, kind = org.partition(".")
    return [
        origin,
        f"https://{org}.lightning.force.com",
        f"https://{name}--c{dot}{kind}.vf.force.com",
    ]


def _split(typed: str) -> SplitResult:
    address = typed if "://" in typed else f"https://{typed}"
    if "://" not in typed and is_loopback(re.split(r"[:/]", typed)[0]):
        address = f"http://{typed}"
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise HostRefused(
            f"{typed[:80]!r} is no address. Type a host such as acme.my.salesforce.com."
        ) from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise HostRefused(f"{typed[:80]!r} is no address. Type a host such as acme.my.salesforce.com.")
    if parts.username is not None or parts.password is not None:
        raise HostRefused("Leave user name and password out of the address; Salesforce asks for them itself.")
    return parts


def _salesforce_host(host: str) -> str:
    host = _my_domain(host.lower().rstrip("."))
    if not _HOST.fullmatch(host) or not host.endswith(_DOMAINS):
        raise HostRefused(
            f"{host[:80]!r} is no Salesforce address. Use login.salesforce.com, test.salesforce.com or your "
            "My Domain (Setup › My Domain), such as acme.my.salesforce.com."
        )
    return host


def _my_domain(host: str) -> str:
    """Lightning, Visualforce and Setup hosts refuse API calls; the My Domain behind them is in their name."""
    if found := _LIGHTNING.fullmatch(host) or _SETUP.fullmatch(host):
        return f"{found['org']}.my.salesforce.com"
    if found := _VISUALFORCE.fullmatch(host):
        if found["old"]:
            raise HostRefused(
                f"{host} doesn't name your org. Use your My Domain (Setup › My Domain) instead, "
                "such as acme.my.salesforce.com."
            )
        return f"{found['org']}{found['kind'] or ''}.my.salesforce.com"
    return host


def _origin(parts: SplitResult) -> str:
    host = parts.hostname or ""
    bracketed = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{bracketed}" + (f":{parts.port}" if parts.port else "")

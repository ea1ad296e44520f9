"""What the door needs to know about tokens; where they are kept is the caller's business."""

from dataclasses import dataclass, field
from typing import Protocol

from integrations.salesforce.errors import SignInNeeded


@dataclass(frozen=True)
class Token:
    """A session at an org. `version` tells one refresh from the next."""

    access_token: str = field(repr=False)
    instance_url: str
    version: int = 1


class TokenSource(Protocol):
    """Hands out the connection's access token."""

    def current(self) -> Token:
        """The token to use now. Raises SignInNeeded where there is none."""

    def refreshed(self, stale: Token) -> Token:
        """A token newer than `stale`, which Salesforce refused.

        Two workers may ask at once: the second gets what the first one got. Raises SignInNeeded when the
        refresh token is refused, TryLater when the login host doesn't answer.
        """


class StaticTokens:
    """One token, no refresh: for tests and for sessions that somebody else owns."""

    def __init__(self, access_token: str, instance_url: str) -> None:
        self._token = Token(access_token=access_token, instance_url=instance_url)

    def current(self) -> Token:
        """The token it was made with."""
        return self._token

    def refreshed(self, stale: Token) -> Token:
        """Always refuses: there is nothing to refresh with."""
        raise SignInNeeded(code="INVALID_SESSION_ID", message="Session expired or invalid", status=401)

"""The connection's tokens: the row in the database is the truth, whoever refreshes it (spec A2, A6)."""

import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import models, transaction
from django.utils import timezone

from integrations.metering import ConnectionMeter
from integrations.models import Connection
from integrations.salesforce import oauth
from integrations.salesforce.door import TIMEOUT
from integrations.salesforce.errors import NeedsPerson, SalesforceError, SignInNeeded, TryLater
from integrations.salesforce.org import Org
from integrations.salesforce.tokens import Token

Clock = Callable[[], datetime]

LEASE = timedelta(seconds=60)
"""Longer than a token request may take, so that a lease lapses only with its worker."""


class ConnectionTokens:
    """A TokenSource over a Connection. Any number of workers may use one each."""

    def __init__(
        self,
        connection_id: int,
        *,
        clock: Clock = timezone.now,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._id = connection_id
        self._clock = clock
        self._sleep = sleep

    def current(self) -> Token:
        return _token(self._read())

    def refreshed(self, stale: Token) -> Token:
        give_up = self._clock() + LEASE + LEASE
        while True:
            row = self._read()
            if row.token_version > stale.version:
                return _token(row)
            _refuse_without_sign_in(row)
            lease = self._claim(row)
            if lease:
                return self._refresh(row, lease)
            if self._clock() > give_up:
                raise TryLater(code="TIMEOUT", message="Another worker's refresh of the token doesn't end")
            self._sleep(random.uniform(0.05, 0.2))

    def _read(self) -> Connection:
        return Connection.objects.get(pk=self._id)

    def _claim(self, row: Connection) -> datetime | None:
        """The lease's end, or None where another worker holds it or has stored a newer token."""
        now = self._clock()
        free = models.Q(refreshing_until=None) | models.Q(refreshing_until__lte=now)
        # Durable: a token learnt inside a caller's transaction would be lost with it.
        with transaction.atomic(durable=True):
            claimed = Connection.objects.filter(free, pk=row.pk, token_version=row.token_version).update(
                refreshing_until=now + LEASE
            )
        return now + LEASE if claimed else None

    def _refresh(self, row: Connection, lease: datetime) -> Token:
        try:
            grant = ask_for_grant(row, self._clock())
        except (SignInNeeded, NeedsPerson) as error:
            self._release(row, lease)
            row.require_sign_in(sign_in_reason(error), self._clock(), version=row.token_version)
            return self._after_refusal(row, error)
        except BaseException:
            self._release(row, lease)
            raise
        Connection.objects.filter(pk=row.pk, token_version=row.token_version).update(
            access_token=grant.access_token,
            refresh_token=grant.refresh_token or row.refresh_token,
            instance_url=grant.instance_url,
            token_version=row.token_version + 1,
            refreshing_until=None,
        )
        return self.current()

    def _after_refusal(self, row: Connection, error: SalesforceError) -> Token:
        """Someone who signed in meanwhile has stored a newer token, which isn't refused."""
        now = self._read()
        if now.token_version > row.token_version:
            return _token(now)
        raise SignInNeeded(code=error.code, message=error.message, status=error.status) from error

    def _release(self, row: Connection, lease: datetime) -> None:
        Connection.objects.filter(pk=row.pk, refreshing_until=lease).update(refreshing_until=None)


def ask_for_grant(connection: Connection, now: datetime) -> oauth.Grant:
    """New tokens, in the way this connection was made. Raises SalesforceError."""
    app = oauth.AppCredentials(connection.client_id, connection.client_secret)
    if connection.flow == Connection.Flow.CLIENT_CREDENTIALS:
        return oauth.client_credentials(connection.login_url, app)
    if connection.flow == Connection.Flow.JWT:
        return oauth.jwt_bearer(
            connection.login_url,
            connection.client_id,
            username=connection.username,
            private_key=connection.jwt_key,
            now=now,
        )
    if not connection.refresh_token:
        raise SignInNeeded(code="invalid_grant", message="Salesforce gave no refresh token")
    return oauth.refresh(connection.login_url, app, refresh_token=connection.refresh_token)


def open_org(
    connection: Connection,
    *,
    feature: str,
    clock: Clock = timezone.now,
    timeout: tuple[float, float] = TIMEOUT,
) -> Org:
    """The door to the connected org, its calls counted for `feature`. Close it after use."""
    meter = ConnectionMeter(connection.pk, feature, clock)
    return Org(ConnectionTokens(connection.pk, clock=clock), meter=meter, timeout=timeout)


def sign_in_reason(error: SalesforceError) -> str:
    """Why an admin has to sign in again, in words."""
    said = f"Salesforce said: {error}"
    return said if isinstance(error, SignInNeeded) else f"{error.sentence} {said}"


def _token(row: Connection) -> Token:
    _refuse_without_sign_in(row)
    return Token(access_token=row.access_token, instance_url=row.instance_url, version=row.token_version)


def _refuse_without_sign_in(row: Connection) -> None:
    if row.disconnected_at:
        raise SignInNeeded(code="NOT_CONNECTED", message="Salesforce isn't connected")
    if row.needs_sign_in_since or not row.access_token:
        raise SignInNeeded(code="invalid_grant", message=row.needs_sign_in_reason or "No token is stored")

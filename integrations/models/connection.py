from datetime import datetime, timedelta
from typing import Any, ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models.functions import Greatest

from integrations.encryption import EncryptedField
from integrations.sync.refusals import Refused

WINDOW = timedelta(hours=6)


class ConnectionState(models.TextChoices):
    """What `status` promises, in the order in which the first that holds is named (spec, *Command line*)."""

    DISCONNECTED = "disconnected", "Not connected"
    NEEDS_SIGN_IN = "needs_sign_in", "Needs sign-in"
    PAUSED = "paused", "Paused"
    CONFIGURING = "configuring", "Setting up"
    READ_ONLY = "read_only", "Read only"
    ACTIVE = "active", "Syncing"


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def live(self) -> "ConnectionQuerySet":
        return self.filter(disconnected_at=None)

    def window_due(self, now: datetime) -> "ConnectionQuerySet":
        """Those whose window is over while nobody has turned syncing on (B3)."""
        return self.live().filter(activated_at=None, window_ends_at__lte=now, needs_sign_in_since=None)


class Connection(models.Model):
    """One sign-in to one Salesforce org. At most one is live; ended ones keep their links and history (A7).

    Its moves are conditional updates, so that two people at once can't make one move twice. A move that the
    state forbids raises Refused.
    """

    class Flow(models.TextChoices):
        WEB = "web", "sign-in page"
        CLIENT_CREDENTIALS = "client_credentials", "client credentials"
        JWT = "jwt", "JWT bearer"

    login_url = models.CharField(max_length=255)
    flow = models.CharField(max_length=32, choices=Flow.choices, default=Flow.WEB)
    client_id = models.CharField(max_length=255)
    client_secret = EncryptedField(blank=True, default="")
    jwt_key = EncryptedField(blank=True, default="")
    username = models.CharField(max_length=255, blank=True, default="")

    access_token = EncryptedField(blank=True, default="")
    refresh_token = EncryptedField(blank=True, default="")
    token_version = models.PositiveIntegerField(default=0, help_text="grows with every token stored")
    refreshing_until = models.DateTimeField(null=True, help_text="one worker at a time refreshes (A2)")
    instance_url = models.CharField(max_length=255, blank=True, default="")
    scope = models.CharField(max_length=255, blank=True, default="")

    org_id = models.CharField(max_length=18, blank=True, default="")
    org_name = models.CharField(max_length=255, blank=True, default="")
    is_sandbox = models.BooleanField(default=False)
    sync_user_id = models.CharField(
        max_length=18, blank=True, default="", help_text="the team sync user (A3)"
    )
    sync_user_name = models.CharField(max_length=255, blank=True, default="")
    sync_user_email = models.CharField(max_length=320, blank=True, default="")

    connected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    connected_at = models.DateTimeField()
    window_ends_at = models.DateTimeField(
        null=True, help_text="when syncing turns itself on; none on the free plan"
    )
    activated_at = models.DateTimeField(null=True)
    prepared_at = models.DateTimeField(null=True, help_text="schema read, defaults written (A4)")
    paused_at = models.DateTimeField(null=True)
    read_only = models.BooleanField(default=False)
    needs_sign_in_since = models.DateTimeField(null=True)
    needs_sign_in_reason = models.TextField(blank=True, default="")
    sign_in_notice_at = models.DateTimeField(null=True, help_text="when the admins were mailed (A6)")
    push_alarm_at = models.DateTimeField(
        null=True, help_text="when a worker is woken for what waits for its time"
    )
    disconnected_at = models.DateTimeField(null=True)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-connected_at"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                models.Value(1), condition=models.Q(disconnected_at=None), name="one_live_connection"
            ),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            # Links refer to it without a foreign key (docs/decisions/0018).
            pgtrigger.Protect(
                name="is_kept",
                operation=pgtrigger.Delete | pgtrigger.UpdateOf("id"),  # type: ignore[no-untyped-call]
            )
        ]

    def __str__(self) -> str:
        return f"{self.org_name or self.login_url} ({'sandbox' if self.is_sandbox else 'production'})"

    @property
    def state(self) -> ConnectionState:
        checks = (
            (self.disconnected_at, ConnectionState.DISCONNECTED),
            (self.needs_sign_in_since, ConnectionState.NEEDS_SIGN_IN),
            (self.paused_at, ConnectionState.PAUSED),
            (self.activated_at is None, ConnectionState.CONFIGURING),
            (self.read_only, ConnectionState.READ_ONLY),
        )
        return next((state for holds, state in checks if holds), ConnectionState.ACTIVE)

    @property
    def in_window(self) -> bool:
        """Whether nobody, neither an admin nor the clock, has ended the window yet (B1)."""
        return self.activated_at is None and self.disconnected_at is None

    def window_is_over(self, now: datetime) -> bool:
        return self.window_ends_at is None or self.window_ends_at <= now

    def activate(self, now: datetime) -> None:
        """Ends the window early (B5)."""
        if self.needs_sign_in_since:
            raise Refused("Sign in to Salesforce first. Syncing can start once that is done.")
        self._move(
            "Syncing is on already.", models.Q(activated_at=None, needs_sign_in_since=None), activated_at=now
        )

    def extend_window(self, now: datetime) -> None:
        """Adds 6 hours (B5), counted from now where the window was over already."""
        self._move(
            "There is no configuration window to extend: syncing is on already.",
            models.Q(activated_at=None, window_ends_at__isnull=False),
            window_ends_at=Greatest(models.F("window_ends_at"), models.Value(now)) + WINDOW,
        )

    def end_window_if_due(self, now: datetime) -> bool:
        """Whether this call turned syncing on (B3)."""
        turned_on = type(self).objects.window_due(now).filter(pk=self.pk).update(activated_at=now)
        self.refresh_from_db(fields=["activated_at"])
        return bool(turned_on)

    def pause(self, now: datetime) -> None:
        self._move("It is paused already.", models.Q(paused_at=None), paused_at=now)

    def resume(self) -> None:
        self._move("It isn't paused.", models.Q(paused_at__isnull=False), paused_at=None)

    def set_read_only(self, on: bool) -> None:
        refusal = "It is read only already." if on else "It isn't read only."
        self._move(refusal, models.Q(read_only=not on), read_only=on)

    def disconnect(self, now: datetime) -> None:
        """Ends it and forgets its tokens; links, maps and history stay (A7)."""
        self._move(
            "It is disconnected already.",
            models.Q(),
            disconnected_at=now,
            access_token="",
            refresh_token="",
            token_version=models.F("token_version") + 1,
            paused_at=None,
            needs_sign_in_since=None,
            needs_sign_in_reason="",
            sign_in_notice_at=None,
        )

    def require_sign_in(self, reason: str, now: datetime, *, version: int | None = None) -> bool:
        """Whether this call found out that Salesforce no longer takes our tokens (A6).

        With `version`, only while the tokens refused are still the ones stored.
        """
        rows = type(self).objects.live().filter(pk=self.pk, needs_sign_in_since=None)
        if version is not None:
            rows = rows.filter(token_version=version)
        found = rows.update(
            needs_sign_in_since=now, needs_sign_in_reason=reason[:1000], sign_in_notice_at=None
        )
        self.refresh_from_db(fields=["needs_sign_in_since", "needs_sign_in_reason"])
        return bool(found)

    def _move(self, refusal: str, allowed: models.Q, **changes: Any) -> None:
        rows = type(self).objects.live().filter(allowed, pk=self.pk)
        if not rows.update(**changes):
            self.refresh_from_db(fields=["disconnected_at"])
            raise Refused("Salesforce isn't connected." if self.disconnected_at else refusal)
        self.refresh_from_db(fields=list(changes))

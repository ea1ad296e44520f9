from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from integrations.encryption import EncryptedField

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


class Connection(models.Model):
    """One sign-in to one Salesforce org. At most one is live; ended ones keep their links and history (A7)."""

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
    disconnected_at = models.DateTimeField(null=True)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-connected_at"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                models.Value(1), condition=models.Q(disconnected_at=None), name="one_live_connection"
            ),
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

    def window_is_over(self, now: datetime) -> bool:
        return self.window_ends_at is None or self.window_ends_at <= now

from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from integrations.models.connection import Connection


class SalesforceOwner(models.Model):
    """A Salesforce user or queue, and who that is here: by e-mail, or by hand (spec O1)."""

    connection = models.ForeignKey(
        Connection,
        on_delete=models.CASCADE,
        related_name="owners",
        db_index=False,  # one_owner_per_salesforce_id begins with it
    )
    salesforce_id = models.CharField(max_length=18)
    name = models.CharField(max_length=255)
    email = models.CharField(max_length=320, blank=True, default="")
    is_active = models.BooleanField(default=True)
    is_queue = models.BooleanField(default=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    by_hand = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["name"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["connection", "salesforce_id"], name="one_owner_per_salesforce_id"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class OwnerMove(models.Model):
    """A Salesforce owner is someone else here from now on, and not all records have followed yet.

    Written in the transaction that changes the owner, worked off in batches (`integrations.sync.reassigning`).
    `done` is the last link worked on.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    salesforce_id = models.CharField(max_length=18)
    was = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+")
    becomes = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+"
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    done = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.salesforce_id}: {self.was} → {self.becomes}"

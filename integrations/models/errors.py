from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from crm.models import Kind
from integrations.models.connection import Connection


class SyncError(models.Model):
    """One thing that went wrong, until it is mended (spec E1). `code` is Salesforce's, for our own checks too."""

    class Source(models.TextChoices):
        PUSH = "push"
        PULL = "pull"
        CONNECTION = "connection"

    class State(models.TextChoices):
        OPEN = "open"
        RETRYING = "retrying"
        CLOSED = "closed"

    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="errors", db_index=False
    )
    source = models.CharField(max_length=16, choices=Source.choices, default=Source.PUSH)
    salesforce_object = models.CharField(max_length=80, blank=True, default="")
    salesforce_id = models.CharField(max_length=18, blank=True, default="")
    kind = models.CharField(max_length=32, choices=Kind.choices, blank=True, default="")
    record_id = models.BigIntegerField(null=True)
    code = models.CharField(max_length=120)
    message = models.TextField()
    field = models.CharField(
        max_length=120, blank=True, default="", help_text="the Salesforce field's API name"
    )
    fields = ArrayField(
        models.CharField(max_length=120),
        default=list,
        db_default=[],
        help_text="all fields that Salesforce blames, the first of which is `field`",
    )
    existing_id = models.CharField(max_length=18, blank=True, default="")
    existing_ids = ArrayField(
        models.CharField(max_length=18),
        default=list,
        db_default=[],
        help_text="all records that are said to be there already, the first of which is `existing_id`",
    )
    held_by_us = models.BooleanField(default=False)
    state = models.CharField(max_length=16, choices=State.choices, default=State.OPEN)
    attempts = models.PositiveIntegerField(default=1)
    sent = models.JSONField(null=True, help_text="what was sent, by API name")
    run = models.BigIntegerField(null=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar[list[str]] = ["-changed_at"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=[
                    "connection",
                    "source",
                    "salesforce_object",
                    "salesforce_id",
                    "kind",
                    "record_id",
                    "code",
                    "field",
                ],
                condition=~models.Q(state="closed"),
                nulls_distinct=False,
                name="one_open_error_per_cause",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["open", "retrying", "closed"]), name="error_state_known"
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["connection", "state", "code"], name="error_by_state"),
            models.Index(fields=["kind", "record_id"], name="error_by_record"),
            models.Index(fields=["-changed_at", "-id"], name="error_by_time"),
            # Closed errors pile up; those that need somebody stay as quick to find.
            models.Index(
                fields=["-changed_at", "-id"], name="open_error_by_time", condition=~models.Q(state="closed")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

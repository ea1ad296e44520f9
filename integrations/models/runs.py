from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from integrations.models.connection import Connection


class SyncRun(models.Model):
    """One run of the sync. A run of several objects is a parent (`object` empty) with a child each.

    `counts` has the keys that `pull` promises. `checkpoint` is where a killed run goes on: while
    extracting, the query's place; while applying, the last staged row done. Whoever holds the lease works
    on it; `fence` grows with every holder and is checked inside each chunk's transaction, so that a worker
    that lost its lease can't write.
    """

    class Kind(models.TextChoices):
        PULL = "pull"
        EXTRACT = "extract", "preparation"  # during the window: into staging only (A4)
        RECONCILE = "reconcile", "comparison"  # compares everything on both sides (C3)

    class Trigger(models.TextChoices):
        FIRST = "first", "first pull"
        SCHEDULE = "schedule", "schedule"
        MANUAL = "manual", "by hand"

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELLED = "cancelled"

    class Phase(models.TextChoices):
        EXTRACTING = "extracting", "reading from Salesforce"
        COMPARING = "comparing", "comparing with the workspace"
        APPLYING = "applying", "writing into the workspace"

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="runs")
    parent = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="children")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    trigger = models.CharField(max_length=16, choices=Trigger.choices)
    object = models.CharField(max_length=80, blank=True, default="")
    state = models.CharField(max_length=16, choices=State.choices, default=State.WAITING)
    phase = models.CharField(max_length=16, choices=Phase.choices, default=Phase.EXTRACTING)
    full = models.BooleanField(
        default=False, help_text="reads everything, not what changed since the watermark"
    )
    repairs = models.BooleanField(
        default=False,
        db_default=False,
        help_text="a check that also brings what it finds missing or different",
    )
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    total = models.BigIntegerField(null=True, help_text="rows to read, once Salesforce has said")
    read = models.BigIntegerField(default=0)
    done = models.BigIntegerField(default=0, help_text="rows applied")
    counts = models.JSONField(default=dict)
    api_calls = models.PositiveIntegerField(default=0)
    checkpoint = models.JSONField(default=dict)
    watermark_before = models.JSONField(null=True)
    watermark_after = models.JSONField(null=True)
    error = models.TextField(blank=True, default="")
    error_code = models.CharField(max_length=120, blank=True, default="")

    lease_until = models.DateTimeField(null=True)
    fence = models.PositiveIntegerField(default=0)

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["connection", "object"],
                condition=models.Q(state__in=["waiting", "running"]),
                name="one_open_run_per_object",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["waiting", "running", "succeeded", "failed", "cancelled"]),
                name="run_state_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}{f': {self.object}' if self.object else ''}"


class SyncedObject(models.Model):
    """Where one Salesforce object stands on one connection: cursors, and the counts its last run stored.

    `watermark` is the saved cursor (SystemModstamp, Id), behind the org's clock (C3). `staged` is the same
    for what is read into staging but not applied yet. Both are null before the first time.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="synced_objects")
    name = models.CharField(max_length=80)
    watermark = models.DateTimeField(null=True)
    watermark_id = models.CharField(max_length=18, blank=True, default="")
    staged = models.DateTimeField(null=True)
    staged_id = models.CharField(max_length=18, blank=True, default="")
    staged_rows = models.BigIntegerField(
        default=0, help_text="must equal the staging table's rows, else read again"
    )
    read_again = models.BooleanField(
        default=False, help_text="a changed map wants every record again: the next pull reads all"
    )
    pulled_at = models.DateTimeField(null=True, help_text="the org's clock at the last complete pull")
    pushed_at = models.DateTimeField(null=True, help_text="the org's clock surely after our last write")
    there = models.BigIntegerField(null=True, help_text="live records in Salesforce, at the last count")
    linked = models.BigIntegerField(default=0)
    suppressed = models.BigIntegerField(default=0)
    gone = models.BigIntegerField(default=0)
    hidden = models.BigIntegerField(default=0)
    outside = models.BigIntegerField(
        default=0, db_default=0, help_text="of the linked, those outside the pull filter"
    )
    checked_at = models.DateTimeField(
        null=True, help_text="the org's clock at the last check of both sides (C3)"
    )
    drift = models.JSONField(default=dict, help_text="what that check found and left, by its keys")
    suspended = models.TextField(blank=True, default="", help_text="why it rests, in words")

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["connection", "name"], name="one_state_per_object"),
        ]

    def __str__(self) -> str:
        return self.name

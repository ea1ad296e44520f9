from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Coalesce

from integrations.models.connection import Connection

DAY = timedelta(hours=24)
"""Salesforce's daily limit is a sliding one of 24 hours, so ours is counted alike."""


class ApiUsageQuerySet(models.QuerySet["ApiUsage"]):
    def last_day(self, connection: Connection, now: datetime) -> "ApiUsageQuerySet":
        return self.filter(connection=connection, hour__gt=now - DAY)

    def calls(self) -> int:
        return int(self.aggregate(calls=Coalesce(models.Sum("calls"), 0))["calls"])


class ApiUsage(models.Model):
    """Data calls that one feature made in one hour (spec O2)."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="api_usage")
    hour = models.DateTimeField(help_text="its beginning, UTC")
    feature = models.CharField(max_length=32)
    calls = models.PositiveIntegerField(default=0)

    objects = ApiUsageQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["connection", "hour", "feature"], name="one_usage_per_hour_and_feature"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.feature}: {self.calls} calls"


class ApiAllowance(models.Model):
    """What the whole org has used of its calls, as Salesforce last told with an answer."""

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, primary_key=True, related_name="api_allowance"
    )
    used = models.PositiveBigIntegerField(default=0)
    limit = models.PositiveBigIntegerField(null=True)
    seen_at = models.DateTimeField()
    waits_until = models.DateTimeField(null=True, help_text="the daily limit was reached: ask no earlier")

    def __str__(self) -> str:
        return f"{self.used} of {self.limit}"

    def waiting(self, now: datetime) -> bool:
        return self.waits_until is not None and self.waits_until > now


class WaitingCount(models.Model):
    """How many edits of one kind of record wait for Salesforce, counted when the doorbell last rang."""

    kind = models.CharField(max_length=32, primary_key=True)
    rows = models.PositiveBigIntegerField()
    counted_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind}: {self.rows}"

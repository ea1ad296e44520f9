from typing import Any, ClassVar

from django.conf import settings
from django.db import models

from crm.models.records import Kind


class Action(models.TextChoices):
    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"


class JournalEntry(models.Model):
    """One change of one record: who, when, by what, and each field's old and new value (spec O4).

    Written by triggers and by the pull's own statements, never by Python. `changes` is
    `{"title": [old, new], "custom.tier__c": [old, new]}`. `actor` is empty for Salesforce and for SQL
    typed by hand; `origin` says which: `pull`, `web`, `import`, `cli`, … or `unknown (SQL)`.
    """

    at = models.DateTimeField(db_default=models.functions.Now())
    kind = models.CharField(max_length=32, choices=Kind.choices)
    record_id = models.BigIntegerField()
    action = models.CharField(max_length=16, choices=Action.choices)
    changes = models.JSONField(default=dict)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    origin = models.CharField(max_length=32)
    run = models.BigIntegerField(null=True, help_text="the sync run it was part of")

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        verbose_name_plural = "journal entries"
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["kind", "record_id", "-id"], name="journal_of_record"),
            models.Index(fields=["run"], name="journal_of_run", condition=models.Q(run__isnull=False)),
            models.Index(fields=["at"], name="journal_by_time"),
        ]
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=models.Q(action__in=Action.values), name="journal_action_known"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.record_id} {self.action}"

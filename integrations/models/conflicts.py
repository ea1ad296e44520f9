from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models

from crm.models import Kind
from integrations.models.connection import Connection
from mappings.models import Conflict

VALUE = """
CREATE FUNCTION lockstep_value(record jsonb, path text) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN nullif(
  CASE WHEN path LIKE 'custom.%' THEN record -> 'custom' -> substr(path, 8)
       ELSE coalesce(record -> path, record -> (path || '_id')) END, 'null');
"""
"""A record's value under the path that the journal and the maps use; NULL for none."""
VALUE_UNDO = "DROP FUNCTION lockstep_value(jsonb, text);"


class FieldConflicts(models.QuerySet["FieldConflict"]):
    def open(self) -> Self:
        return self.filter(state=FieldConflict.State.OPEN)

    def of_live_connection(self) -> Self:
        return self.filter(connection__disconnected_at=None)


class FieldConflict(models.Model):
    """One field of one record that was changed on both sides, to different values (spec C11).

    Settled at once by the map's rule, or open until a person decides (rule *ask*). Written by the statements
    that merge, so a row may come from a pull (`run`) or from a push's reading. `ours`, `theirs` are values in
    the workspace's form, as the journal keeps them; `salesforce_value` and `base` are Salesforce's normalised
    text, what it holds now and what was last agreed.
    """

    class State(models.TextChoices):
        OPEN = "open"
        SETTLED = "settled"

    class Winner(models.TextChoices):
        SALESFORCE = "salesforce", "Salesforce"
        WORKSPACE = "workspace", "Workspace"

    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="conflicts", db_index=False
    )
    kind = models.CharField(max_length=32, choices=Kind.choices)
    record_id = models.BigIntegerField()
    salesforce_object = models.CharField(max_length=80)
    salesforce_id = models.CharField(max_length=18)
    field = models.CharField(max_length=120, help_text="the workspace field, such as title or custom.tier")
    salesforce_field = models.CharField(max_length=120)
    ours = models.JSONField(null=True)
    theirs = models.JSONField(null=True)
    salesforce_value = models.TextField(null=True)  # noqa: DJ001  null is Salesforce's blank
    base = models.TextField(null=True)  # noqa: DJ001
    theirs_at = models.DateTimeField(null=True, help_text="when Salesforce's record was last changed")
    rule = models.CharField(max_length=16, choices=Conflict.choices)
    winner = models.CharField(max_length=16, choices=Winner.choices, blank=True, default="")
    state = models.CharField(max_length=16, choices=State.choices)
    found_at = models.DateTimeField(db_default=models.functions.Now())
    settled_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+", db_index=False
    )
    run = models.BigIntegerField(null=True, help_text="the pull that found it; none for a push's reading")

    objects = FieldConflicts.as_manager()

    class Meta:
        ordering: ClassVar[list[str]] = ["-id"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["connection", "salesforce_id", "field"],
                condition=models.Q(state="open"),
                name="one_open_question_per_field",
            ),
            models.CheckConstraint(
                condition=models.Q(state="open", winner="", settled_at=None)
                | models.Q(state="settled", winner__in=["salesforce", "workspace"], settled_at__isnull=False),
                name="a_settled_conflict_has_a_winner",
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["-id"], name="open_question", condition=models.Q(state="open")),
            models.Index(
                fields=["salesforce_object", "field", "-id"],
                name="open_question_by_field",
                condition=models.Q(state="open"),
            ),
            models.Index(fields=["kind", "record_id", "found_at"], name="conflict_of_record"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.record_id}: {self.field} ({self.winner or 'open'})"

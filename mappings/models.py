"""The rows behind the field maps. Fields, stages and objects are named by text: no foreign key upward."""

from typing import Any, ClassVar

from django.db import models

from mappings.catalogue import SALESFORCE_OBJECTS

OBJECT_CHOICES = [(name, name) for name in SALESFORCE_OBJECTS]


class Direction(models.TextChoices):
    BOTH = "both", "both ways"
    PULL = "pull", "from Salesforce"
    PUSH = "push", "to Salesforce"


class Conflict(models.TextChoices):
    """Who wins where both sides changed a value since they last agreed (spec C11)."""

    SALESFORCE = "salesforce", "Salesforce wins"
    WORKSPACE = "workspace", "Workspace wins"
    NEWEST = "newest", "The newest wins"
    ASK = "ask", "Ask"


def one_of(name: str, field: str, choices: type[models.TextChoices]) -> models.CheckConstraint:
    return models.CheckConstraint(condition=models.Q(**{f"{field}__in": choices.values}), name=name)


class FieldMap(models.Model):
    """One row of an object's map: a workspace field and the Salesforce field it goes with (spec F1)."""

    object = models.CharField(max_length=80, choices=OBJECT_CHOICES)
    field = models.CharField(max_length=120)
    salesforce = models.CharField(max_length=120)
    direction = models.CharField(max_length=8, choices=Direction.choices, default=Direction.BOTH)
    autofill = models.BooleanField(default=True)
    overwrite = models.BooleanField(default=False)
    once_per_value = models.BooleanField(default=False)
    conflict = models.CharField(max_length=16, choices=Conflict.choices, default=Conflict.SALESFORCE)
    position = models.PositiveIntegerField(default=0)
    suspended = models.TextField(blank=True, default="", help_text="why this row rests, in words (spec F3)")

    class Meta:
        ordering: ClassVar[list[str]] = ["object", "position", "id"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["object", "field"], name="one_map_row_per_field"),
            models.UniqueConstraint(fields=["object", "salesforce"], name="one_map_row_per_salesforce_field"),
            one_of("map_direction_known", "direction", Direction),
            one_of("map_conflict_known", "conflict", Conflict),
        ]

    def __str__(self) -> str:
        return f"{self.object}: {self.field} ⇄ {self.salesforce}"


class ValueMap(models.Model):
    """What a Salesforce value of one field is called here (spec F3); unmapped values stay as they are."""

    object = models.CharField(max_length=80, choices=OBJECT_CHOICES)
    salesforce_field = models.CharField(max_length=120)
    salesforce_value = models.CharField(max_length=255)
    value = models.CharField(max_length=255)

    class Meta:
        ordering: ClassVar[list[str]] = ["object", "salesforce_field", "id"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["object", "salesforce_field", "salesforce_value"],
                name="one_value_per_salesforce_value",
            ),
            models.UniqueConstraint(
                fields=["object", "salesforce_field", "value"], name="one_salesforce_value_per_value"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.object}.{self.salesforce_field}: {self.salesforce_value} ⇄ {self.value}"


class StageMap(models.Model):
    """Which stage a value of the object's stage picklist stands for (spec G3)."""

    object = models.CharField(max_length=80, choices=OBJECT_CHOICES)
    salesforce_field = models.CharField(max_length=120)
    salesforce_value = models.CharField(max_length=255)
    stage = models.CharField(max_length=255)

    class Meta:
        ordering: ClassVar[list[str]] = ["object", "id"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["object", "salesforce_value"], name="one_stage_per_salesforce_value"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.object}.{self.salesforce_field}: {self.salesforce_value} → {self.stage}"

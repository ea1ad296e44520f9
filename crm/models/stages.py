"""Stages are rows with a name (spec, *Names that others build on*)."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import models


class Stage(models.Model):
    name = models.CharField(max_length=255)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


class AccountStage(Stage):
    class Meta:
        ordering: ClassVar[list[str]] = ["position", "name"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["name"], name="one_account_stage_per_name"),
        ]


class ContactStage(Stage):
    class Meta:
        ordering: ClassVar[list[str]] = ["position", "name"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["name"], name="one_contact_stage_per_name"),
        ]


class Pipeline(models.Model):
    """An order of deal stages. A locked one follows Salesforce: nobody adds a stage here (spec G1)."""

    name = models.CharField(max_length=255, unique=True)
    locked = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name


class DealStage(Stage):
    pipeline = models.ForeignKey(Pipeline, on_delete=models.CASCADE, related_name="stages")
    probability = models.DecimalField(
        max_digits=5, decimal_places=2, null=True, blank=True, help_text="percent"
    )
    is_closed = models.BooleanField(default=False)
    is_won = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar[list[str]] = ["pipeline", "position", "name"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["pipeline", "name"], name="one_deal_stage_per_name"),
            models.CheckConstraint(
                condition=models.Q(is_won=False) | models.Q(is_closed=True), name="won_deal_stage_is_closed"
            ),
        ]

    def clean(self) -> None:
        if self._state.adding and self.pipeline_id and self.pipeline.locked:
            raise ValidationError(
                {"pipeline": f"“{self.pipeline}” follows Salesforce. Add the stage in Salesforce instead."}
            )

from typing import Any, ClassVar

from django.core.validators import RegexValidator
from django.db import models

from crm.models.records import Kind
from mappings.field_types import FieldType


class CustomField(models.Model):
    """A field the workspace adds to a kind of record; its values stand in the record's `custom` (spec F2)."""

    kind = models.CharField(
        max_length=32, choices=[(k.value, k.label) for k in (Kind.ACCOUNT, Kind.CONTACT, Kind.DEAL)]
    )
    name = models.CharField(
        max_length=80,
        validators=[RegexValidator(r"^[a-z][a-z0-9_]*$", "Use small letters, digits and underscores.")],
    )
    label = models.CharField(max_length=255)
    type = models.CharField(max_length=32, choices=FieldType.choices)
    options = models.JSONField(default=list, blank=True, help_text="a picklist's values")

    class Meta:
        ordering: ClassVar[list[str]] = ["kind", "label"]
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["kind", "name"], name="one_custom_field_per_name"),
        ]

    def __str__(self) -> str:
        return self.label

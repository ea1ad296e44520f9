from typing import Any, ClassVar

from django.db import models

from integrations.models.connection import Connection


class ObjectSchema(models.Model):
    """A Salesforce object's describe, as last read (A4, F3)."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="schemas")
    name = models.CharField(max_length=80)
    describe = models.JSONField()
    read_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["connection", "name"], name="one_schema_per_object"),
        ]

    def __str__(self) -> str:
        return self.name

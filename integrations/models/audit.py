from typing import Any, ClassVar

from django.conf import settings
from django.db import models


class AuditEntry(models.Model):
    """A settings change or a switch thrown: who, when, from what to what (spec B5, O6). No secrets."""

    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    action = models.CharField(max_length=64)
    changes = models.JSONField(default=list, help_text='[{"path", "from", "to"}]')

    class Meta:
        ordering: ClassVar[list[str]] = ["-at"]
        verbose_name_plural = "audit entries"
        indexes: ClassVar[list[Any]] = [models.Index(fields=["-at"], name="audit_by_time")]

    def __str__(self) -> str:
        return self.action

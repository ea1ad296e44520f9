from typing import Any, ClassVar
from zoneinfo import available_timezones

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils.functional import cached_property


def validate_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise ValidationError(f"“{name}” is no time zone. Write one like Europe/Paris.")


class User(AbstractUser):
    """Someone who signs in. Matched with a Salesforce user by e-mail (spec O1)."""

    email = models.EmailField()
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_time_zone])

    REQUIRED_FIELDS: ClassVar[list[str]] = ["email"]

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(Lower("email"), name="one_user_per_email"),
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.email

    @cached_property
    def group_names(self) -> frozenset[str]:
        """Read once a request, whatever the number of questions about the user's role."""
        return frozenset(self.groups.values_list("name", flat=True))

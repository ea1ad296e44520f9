"""What the three kinds of record have in common."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models.expressions import Func
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    """The names by which links, journal and outbox speak of a record."""

    ACCOUNT = "account", _("account")
    CONTACT = "contact", _("person")
    DEAL = "deal", _("deal")
    CONTACT_ROLE = "contact_role", _("contact role")


class SearchDocument(Func):
    """The words of some columns, split at the signs that hold e-mails and domains together.

    Without the split, PostgreSQL keeps `ann@acme.com` as one word, and a search for `acme` misses it.
    """

    output_field = SearchVectorField()

    def __init__(self, *columns: str) -> None:
        super().__init__(*columns)

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **extra: Any) -> tuple[str, tuple[Any, ...]]:
        parts = [compiler.compile(expression)[0] for expression in self.get_source_expressions()]
        joined = " || ' ' || ".join(parts)
        return f"to_tsvector('simple'::regconfig, translate({joined}, '@._-/''', '      '))", ()


def search_field(*columns: str) -> models.GeneratedField:
    return models.GeneratedField(
        expression=SearchDocument(*columns), output_field=SearchVectorField(), db_persist=True
    )


class Address(models.Model):
    street = models.TextField(blank=True, default="")
    city = models.CharField(max_length=255, blank=True, default="")
    state = models.CharField(max_length=255, blank=True, default="")
    postal_code = models.CharField(max_length=255, blank=True, default="")
    country = models.CharField(max_length=255, blank=True, default="")

    class Meta:
        abstract = True


class Record(models.Model):
    """An account, contact or deal: mirrored with Salesforce, journaled, never deleted silently."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    custom = models.JSONField(default=dict, blank=True)
    hidden = models.BooleanField(default=False, db_default=False, editable=False)
    created_run = models.BigIntegerField(
        null=True, editable=False, help_text="the sync run that created it; never changed (spec O4)"
    )
    created_at = models.DateTimeField(db_default=models.functions.Now(), editable=False)
    merged_into = models.ForeignKey(
        "self",
        on_delete=models.CASCADE,
        null=True,
        editable=False,
        db_index=False,
        related_name="merged",
        help_text="the record that took this one in, which is hidden since (spec C9)",
    )

    kind: ClassVar[Kind]

    class Meta:
        abstract = True

    @staticmethod
    def search_index(name: str) -> GinIndex:
        return GinIndex(fields=["search"], name=name)

    @staticmethod
    def merged_index(name: str) -> models.Index:
        return models.Index(fields=["merged_into"], name=name, condition=models.Q(merged_into__isnull=False))

    @staticmethod
    def merged_is_hidden(name: str) -> models.CheckConstraint:
        return models.CheckConstraint(
            condition=models.Q(merged_into__isnull=True) | models.Q(hidden=True), name=name
        )

    def change(self, values: Mapping[str, Any], custom: Mapping[str, Any] | None = None) -> None:
        """Write the named fields and no others, so that what somebody else changed meanwhile stays.

        `custom` is laid over the custom values; None removes one. Call it inside `journal.acting`.
        """
        for name, value in values.items():
            setattr(self, name, value)
        if custom:
            kept = {**self.custom, **custom}
            self.custom = {name: value for name, value in kept.items() if value is not None}
        changed = [*values, *(["custom"] if custom else [])]
        if self.pk is None:
            self.save()
        elif changed:
            self.save(update_fields=changed)

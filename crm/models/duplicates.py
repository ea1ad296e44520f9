from typing import Any, ClassVar

from django.db import models

from crm.models.records import Kind


class PotentialDuplicate(models.Model):
    """Two records that look like one (spec C5). Stored once a pair, the lower id first."""

    class Reason(models.TextChoices):
        SAME_EMAIL = "same_email", "same e-mail"
        SAME_NAME_AND_ACCOUNT = "same_name_and_account", "same name and account"
        SAME_DOMAIN = "same_domain", "same domain"
        SAME_NAME = "same_name", "same name"

    kind = models.CharField(max_length=32, choices=Kind.choices)
    record_id = models.BigIntegerField()
    other_id = models.BigIntegerField()
    reason = models.CharField(max_length=32, choices=Reason.choices)
    found_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(fields=["kind", "record_id", "other_id"], name="one_row_per_pair"),
            models.CheckConstraint(
                condition=models.Q(record_id__lt=models.F("other_id")), name="pair_in_order"
            ),
        ]
        indexes: ClassVar[list[Any]] = [models.Index(fields=["kind", "other_id"], name="pair_by_other")]

    def __str__(self) -> str:
        return f"{self.kind} {self.record_id} and {self.other_id}: {self.get_reason_display()}"


class PastDuplicate(models.Model):
    """A pair that ended as one of the two became another, and neither was deleted or merged: for their logs."""

    kind = models.CharField(max_length=32, choices=Kind.choices)
    record_id = models.BigIntegerField()
    other_id = models.BigIntegerField()
    reason = models.CharField(max_length=32, choices=PotentialDuplicate.Reason.choices)
    found_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["kind", "record_id"], name="past_pair_by_record"),
            models.Index(fields=["kind", "other_id"], name="past_pair_by_other"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.record_id} and {self.other_id}: {self.get_reason_display()}, no longer"


class Uncompared(models.Model):
    """A record whose pairs may have changed and are yet to be found; a trigger's note, one for each change.

    Nothing is unique here, so that no edit waits for another, nor for whoever works the notes through.
    """

    kind = models.CharField(max_length=32, choices=Kind.choices)
    record_id = models.BigIntegerField()
    transaction = models.BigIntegerField(db_default=models.Func(function="txid_current"))

    class Meta:
        verbose_name_plural = "uncompared"
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["transaction"], name="uncompared_by_transaction")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.record_id}"

from typing import Any, ClassVar

import pgtrigger
from django.db import models

from crm.models import Account, Contact, ContactRole, Deal, Kind
from integrations.triggers import outbox_triggers


class OutboxEntry(models.Model):
    """A record with something to tell Salesforce (design, idea 4). Written by triggers; settled rows are deleted.

    At most one row that waits (pending, held) and one that is on its way (in flight, unknown) per record.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        IN_FLIGHT = "in_flight"
        UNKNOWN = "unknown"
        HELD = "held"

    kind = models.CharField(max_length=32, choices=Kind.choices)
    record_id = models.BigIntegerField()
    state = models.CharField(
        max_length=16, choices=State.choices, default=State.PENDING, db_default="pending"
    )
    live = models.BooleanField(
        default=True, db_default=True, help_text="an edit, which overtakes a backfill (D7)"
    )
    manual = models.BooleanField(
        default=False, db_default=False, help_text="pushed by hand, whatever the settings say (D5)"
    )
    backfill = models.BooleanField(
        default=False, db_default=False, help_text="part of a push of all, past the switch (D5)"
    )
    needed = models.BooleanField(
        default=False, db_default=False, help_text="a child of it goes out, and it must go first (D4)"
    )
    created_at = models.DateTimeField(db_default=models.functions.Now())
    changed_at = models.DateTimeField(db_default=models.functions.Now())
    not_before = models.DateTimeField(db_default=models.functions.Now())
    attempts = models.PositiveIntegerField(default=0, db_default=0)
    waits_for_kind = models.CharField(
        max_length=32, blank=True, default="", db_default="", help_text="the parent a held row waits for"
    )
    waits_for_id = models.BigIntegerField(null=True)
    claimed_at = models.DateTimeField(null=True)
    claimed_by = models.CharField(max_length=80, blank=True, default="", db_default="")
    account_id = models.BigIntegerField(
        null=True, help_text="whose rows no second request writes while this one is on its way (D8)"
    )
    payload = models.JSONField(
        null=True,
        help_text="what is sent: operation, object, id, key, values; sent_at once it is on the wire",
    )

    class Meta:
        verbose_name = "waiting change"
        verbose_name_plural = "waiting changes"
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["kind", "record_id"],
                condition=models.Q(state__in=["pending", "held"]),
                name="one_waiting_row_per_record",
            ),
            models.UniqueConstraint(
                fields=["kind", "record_id"],
                condition=models.Q(state__in=["in_flight", "unknown"]),
                name="one_sent_row_per_record",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["pending", "in_flight", "unknown", "held"]),
                name="outbox_state_known",
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(
                fields=["kind", "-live", "not_before", "id"],
                name="outbox_due",
                condition=models.Q(state="pending"),
            ),
            models.Index(
                fields=["not_before", "id"],
                name="outbox_sent",
                condition=models.Q(state__in=["in_flight", "unknown"]),
            ),
            models.Index(fields=["account_id"], name="outbox_account", condition=models.Q(state="in_flight")),
            models.Index(
                fields=["waits_for_kind", "waits_for_id"],
                name="outbox_waits_for",
                condition=models.Q(waits_for_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.record_id} ({self.state})"


class CapturedAccount(Account):
    class Meta:
        proxy = True
        triggers: ClassVar[list[pgtrigger.Trigger]] = outbox_triggers(Kind.ACCOUNT)


class CapturedContact(Contact):
    class Meta:
        proxy = True
        triggers: ClassVar[list[pgtrigger.Trigger]] = outbox_triggers(Kind.CONTACT)


class CapturedDeal(Deal):
    class Meta:
        proxy = True
        triggers: ClassVar[list[pgtrigger.Trigger]] = outbox_triggers(Kind.DEAL)


class CapturedContactRole(ContactRole):
    class Meta:
        proxy = True
        triggers: ClassVar[list[pgtrigger.Trigger]] = outbox_triggers(Kind.CONTACT_ROLE)

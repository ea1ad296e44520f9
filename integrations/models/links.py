from typing import Any, ClassVar

import pgtrigger
from django.db import models
from django.db.models import Func, Value
from django.db.models.functions import Collate, Reverse

from crm.models import Kind
from crm.triggers import NOT_SKIPPED
from integrations.models.connection import Connection

HAS_CONNECTION = """
PERFORM 1 FROM integrations_connection WHERE id = NEW.connection_id FOR KEY SHARE;
IF NOT FOUND THEN
  RAISE foreign_key_violation USING MESSAGE = 'There is no connection ' || NEW.connection_id || ' for this link.';
END IF;
RETURN NULL;"""


class RecordLink(models.Model):
    """Which Salesforce record stands for which record here.

    `base` is the last agreed Salesforce value of each mapped field, as normalised text or null; a field
    that is absent has no agreed value yet (C11). `match_key` is what Salesforce holds of the lower-cased
    e-mail (people) or the registrable domain (accounts), mapped or not: C4, C6 and H2 ask it.
    `waiting_for` names parents not pulled yet, as `{"AccountId": "001…"}`.

    `suppressed_by` names the Salesforce record that stands in this one's place: a lead's contact, or what took it in
    in a merge. `record_id` of such a link is that other's record: what still refers to this one there refers to
    that one here. The next pull asks for a record with `reread` by its id, changed there or not. `outside` is blank for
    what meets its object's pull filter; what doesn't is linked and hidden, and neither pulled nor pushed (C12).

    `matched_account` of a lead is the account that its e-mail's domain led to, and why (C7), as
    `{"account": 12, "domain": "acme.com", "of": 3, "people": 7, "at": "2026-…", "run": 5}`.
    """

    class State(models.TextChoices):
        LINKED = "linked"
        SUPPRESSED = "suppressed"  # a lead whose person is pulled as a contact
        GONE = "gone"  # deleted in Salesforce, record kept
        TOMBSTONE = "tombstone"  # merged or deleted here, Salesforce keeps its record

    class Outside(models.TextChoices):
        KNOWN = "known"  # by name and e-mail or domain: it has not met the filter since it came
        FROZEN = "frozen"  # it met the filter once, and keeps the values of then

    connection = models.ForeignKey(
        Connection,
        on_delete=models.PROTECT,
        related_name="links",
        db_index=False,
        db_constraint=False,  # triggers, here and on Connection, hold it (docs/decisions/0018)
    )
    salesforce_object = models.CharField(max_length=80)
    salesforce_id = models.CharField(max_length=18)
    kind = models.CharField(max_length=32, choices=Kind.choices)
    record_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=16, choices=State.choices, default=State.LINKED)
    outside = models.CharField(max_length=8, choices=Outside.choices, blank=True, default="", db_default="")
    suppressed_by = models.CharField(max_length=18, blank=True, default="")
    base = models.JSONField(default=dict)
    match_key = models.CharField(max_length=320, blank=True, default="")
    waiting_for = models.JSONField(null=True)
    system_modstamp = models.DateTimeField(null=True)
    linked_run = models.BigIntegerField(null=True, help_text="the run that made the link")
    pushed_at = models.DateTimeField(
        null=True, help_text="the org's clock at its answer to our last write; pages read before are stale"
    )
    not_visible_since = models.DateTimeField(
        null=True, help_text="Salesforce doesn't show it: purged, or hidden from the sync user (C3)"
    )
    reread = models.BooleanField(default=False, db_default=False)
    merged_record_id = models.BigIntegerField(
        null=True, help_text="the record that was merged away here when the link ended (C9)"
    )
    matched_account = models.JSONField(null=True)
    changed_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["connection", "salesforce_id"], name="one_link_per_salesforce_record"
            ),
            models.UniqueConstraint(
                fields=["connection", "kind", "record_id"],
                condition=models.Q(state="linked"),
                name="one_link_per_record",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["linked", "suppressed", "gone", "tombstone"]),
                name="link_state_known",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="linked") | models.Q(record_id__isnull=False),
                name="a_link_has_a_record",
            ),
            models.CheckConstraint(
                condition=models.Q(outside__in=["", "known", "frozen"]), name="link_outside_known"
            ),
        ]
        indexes: ClassVar[list[Any]] = [
            models.Index(fields=["kind", "record_id"], name="link_by_record"),
            models.Index(
                fields=["salesforce_object", "match_key"],
                name="link_by_match_key",
                condition=~models.Q(match_key=""),
            ),
            models.Index(
                Collate(
                    Reverse(Func("match_key", Value("@"), Value(2), function="split_part")), collation="C"
                ),
                name="link_by_mail_host",
                condition=models.Q(salesforce_object="Lead", state="linked") & ~models.Q(match_key=""),
            ),
            models.Index(
                fields=["suppressed_by"], name="link_by_stand_in", condition=~models.Q(suppressed_by="")
            ),
            models.Index(
                fields=["connection", "salesforce_object"],
                name="link_merged_there",
                condition=models.Q(state="gone") & ~models.Q(suppressed_by=""),
            ),
            models.Index(fields=["-id"], name="link_skipped", condition=models.Q(state="tombstone")),
            models.Index(
                fields=["connection", "salesforce_object", "id"],
                name="link_not_visible",
                condition=models.Q(not_visible_since__isnull=False),
            ),
            models.Index(
                fields=["connection", "salesforce_object", "id"],
                name="link_read_again",
                condition=models.Q(reread=True),
            ),
            models.Index(
                fields=["connection", "salesforce_object", "id"],
                name="link_waits_for_parent",
                condition=models.Q(waiting_for__isnull=False),
            ),
            models.Index(
                fields=["connection", "salesforce_object", "id"],
                name="link_outside_filter",
                condition=~models.Q(outside=""),
            ),
        ]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            pgtrigger.Trigger(
                name="has_connection",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.UpdateOf("connection_id"),  # type: ignore[no-untyped-call]
                condition=pgtrigger.Condition(NOT_SKIPPED),
                func=HAS_CONNECTION,
            )
        ]

    def __str__(self) -> str:
        return f"{self.salesforce_object} {self.salesforce_id} ({self.state})"

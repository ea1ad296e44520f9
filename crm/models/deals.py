from typing import Any, ClassVar

import pgtrigger
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse

from crm.models.accounts import Account
from crm.models.contacts import Contact
from crm.models.records import Kind, Record, search_field
from crm.models.stages import DealStage
from crm.triggers import NOT_SKIPPED, journal_triggers


class Deal(Record):
    kind = Kind.DEAL

    name = models.CharField(max_length=255)
    amount = models.DecimalField(max_digits=20, decimal_places=2, null=True, blank=True)
    close_date = models.DateField(null=True, blank=True)
    probability = models.DecimalField(
        max_digits=5, decimal_places=2, null=True, blank=True, help_text="percent"
    )
    next_step = models.CharField(max_length=255, blank=True, default="")
    description = models.TextField(blank=True, default="")
    stage = models.ForeignKey(
        DealStage, on_delete=models.PROTECT, null=True, blank=True, related_name="deals"
    )
    account = models.ForeignKey(
        Account, on_delete=models.SET_NULL, null=True, blank=True, related_name="deals"
    )
    search = search_field("name")

    class Meta:
        indexes: ClassVar[list[Any]] = [
            Record.search_index("deal_search"),
            Record.merged_index("deal_merged_into"),
            models.Index(Lower("name"), "id", name="deal_by_name"),
        ]
        constraints: ClassVar[list[Any]] = [Record.merged_is_hidden("merged_deal_is_hidden")]
        triggers: ClassVar[list[pgtrigger.Trigger]] = journal_triggers(Kind.DEAL)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("deal", args=[self.pk])


ONE_PRIMARY = pgtrigger.Trigger(
    name="one_primary",
    when=pgtrigger.After,
    operation=pgtrigger.Insert | pgtrigger.Update,
    condition=pgtrigger.Condition(f"{NOT_SKIPPED} AND NEW.is_primary"),
    func="""
        UPDATE crm_contactrole SET is_primary = false
         WHERE deal_id = NEW.deal_id AND id <> NEW.id AND is_primary;
        RETURN NULL;""",
)
"""Who becomes primary takes the mark from the others, as in Salesforce. No constraint: a pull may read the one
before the other, and mirrors both."""


class ContactRole(models.Model):
    """What a person is to a deal; Salesforce's OpportunityContactRole. One person may have several in one deal."""

    kind = Kind.CONTACT_ROLE

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="roles")
    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="roles")
    role = models.CharField(max_length=255, blank=True, default="")
    is_primary = models.BooleanField(default=False, db_default=False)
    created_run = models.BigIntegerField(null=True, editable=False, help_text="as a record's")

    class Meta:
        indexes: ClassVar[list[Any]] = [models.Index(fields=["deal", "contact"], name="role_of_person")]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [*journal_triggers(Kind.CONTACT_ROLE), ONE_PRIMARY]

    def __str__(self) -> str:
        return f"{self.contact}: {self.role or 'no role'}"

from typing import Any, ClassVar

import pgtrigger
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse

from crm.models.accounts import Account
from crm.models.records import Address, Kind, Record, search_field
from crm.models.stages import ContactStage
from crm.triggers import compare_triggers, journal_triggers


class Contact(Address, Record):
    """A person, whether Salesforce holds them as a Lead or as a Contact."""

    kind = Kind.CONTACT

    first_name = models.CharField(max_length=255, blank=True, default="")
    last_name = models.CharField(max_length=255, blank=True, default="")
    email = models.CharField(max_length=320, blank=True, default="")
    title = models.CharField(max_length=255, blank=True, default="")
    phone = models.CharField(max_length=255, blank=True, default="")
    mobile_phone = models.CharField(max_length=255, blank=True, default="")
    home_phone = models.CharField(max_length=255, blank=True, default="")
    other_phone = models.CharField(max_length=255, blank=True, default="")
    company_name = models.CharField(
        max_length=255, blank=True, default="", help_text="where no account is known, as on a lead"
    )
    account = models.ForeignKey(
        Account,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="contacts",
        db_index=False,  # contact_by_account begins with it
    )
    source = models.CharField(max_length=255, blank=True, default="")
    email_opt_out = models.BooleanField(default=False, db_default=False)
    do_not_call = models.BooleanField(default=False, db_default=False)
    stage = models.ForeignKey(
        ContactStage, on_delete=models.PROTECT, null=True, blank=True, related_name="contacts"
    )
    search = search_field("first_name", "last_name", "email", "company_name")

    class Meta:
        verbose_name = "person"
        verbose_name_plural = "people"
        indexes: ClassVar[list[Any]] = [
            Record.search_index("contact_search"),
            Record.merged_index("contact_merged_into"),
            models.Index(Lower("last_name"), Lower("first_name"), "id", name="contact_by_name"),
            models.Index(Lower("email"), "id", name="contact_by_email", condition=~models.Q(email="")),
            models.Index(
                "account",
                Lower("last_name"),
                Lower("first_name"),
                "id",
                name="contact_by_account",
                condition=models.Q(account__isnull=False),
            ),
        ]
        constraints: ClassVar[list[Any]] = [Record.merged_is_hidden("merged_contact_is_hidden")]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            *journal_triggers(Kind.CONTACT),
            *compare_triggers(
                Kind.CONTACT, "email", "last_name", "first_name", "account_id", "merged_into_id"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email or "(no name)"

    def get_absolute_url(self) -> str:
        return reverse("person", args=[self.pk])

from typing import Any, ClassVar

import pgtrigger
from django.db import models
from django.urls import reverse

from crm.models.records import Address, Kind, Record, search_field
from crm.models.stages import AccountStage
from crm.triggers import compare_triggers, journal_triggers


class Account(Address, Record):
    kind = Kind.ACCOUNT

    name = models.CharField(max_length=255)
    domain = models.CharField(max_length=255, blank=True, default="")
    website = models.CharField(max_length=255, blank=True, default="")
    phone = models.CharField(max_length=255, blank=True, default="")
    industry = models.CharField(max_length=255, blank=True, default="")
    employees = models.BigIntegerField(null=True, blank=True)
    annual_revenue = models.DecimalField(max_digits=20, decimal_places=2, null=True, blank=True)
    description = models.TextField(blank=True, default="")
    stage = models.ForeignKey(
        AccountStage, on_delete=models.PROTECT, null=True, blank=True, related_name="accounts"
    )
    search = search_field("name", "domain", "city")

    class Meta:
        indexes: ClassVar[list[Any]] = [
            Record.search_index("account_search"),
            Record.merged_index("account_merged_into"),
            models.Index(models.functions.Lower("name"), "id", name="account_by_name"),
            models.Index("domain", "id", name="account_by_domain", condition=~models.Q(domain="")),
            models.Index(
                models.Func("name", function="lockstep_company", output_field=models.TextField()),
                "id",
                name="account_by_company",
            ),
        ]
        constraints: ClassVar[list[Any]] = [Record.merged_is_hidden("merged_account_is_hidden")]
        triggers: ClassVar[list[pgtrigger.Trigger]] = [
            *journal_triggers(Kind.ACCOUNT),
            *compare_triggers(Kind.ACCOUNT, "name", "domain", "merged_into_id"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("account", args=[self.pk])

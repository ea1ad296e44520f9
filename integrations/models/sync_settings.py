from typing import Any, ClassVar, Self
from uuid import uuid4

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models


class SyncSettings(models.Model):
    """How the workspace syncs: one row, columns, not a bag (spec C, D; *The configuration file*).

    The row outlives a connection (A7). In `only_stages` a null list means any stage and a null inside
    the list means "no stage" (D3).
    """

    class CreateAs(models.TextChoices):
        CONTACT = "contact", "contacts"
        LEAD = "lead", "leads"

    pull_interval_minutes = models.PositiveIntegerField(default=30, validators=[MinValueValidator(2)])
    pull_deals = models.BooleanField(default=True)
    match_leads_to_accounts = models.BooleanField(default=True)
    hidden_objects = ArrayField(models.CharField(max_length=80), default=list, blank=True)
    watermark_lag_minutes = models.PositiveIntegerField(default=10, validators=[MinValueValidator(1)])
    filters = models.JSONField(default=dict, blank=True)

    people_push_new = models.BooleanField(default=False)
    people_create_as = models.CharField(max_length=16, choices=CreateAs.choices, default=CreateAs.CONTACT)
    people_only_stages = ArrayField(models.CharField(max_length=255, null=True), null=True, blank=True)
    accounts_push_new = models.BooleanField(default=False)
    accounts_only_stages = ArrayField(models.CharField(max_length=255, null=True), null=True, blank=True)
    deals_push_new = models.BooleanField(default=False)

    accounts_delete_sync = models.BooleanField(default=False)
    accounts_merge_sync = models.BooleanField(default=False)
    contacts_delete_sync = models.BooleanField(default=False)
    contacts_merge_sync = models.BooleanField(default=False)
    leads_delete_sync = models.BooleanField(default=False)
    leads_merge_sync = models.BooleanField(default=False)
    deals_delete_sync = models.BooleanField(default=False)

    push_emails = models.BooleanField(default=False)
    push_notes = models.BooleanField(default=False)
    push_tasks = models.BooleanField(default=False)
    push_calls = models.BooleanField(default=False)
    push_meetings = models.BooleanField(default=False)
    push_summaries = models.BooleanField(default=False)

    pass_duplicate_alerts = models.BooleanField(default=True)
    run_assignment_rules = models.BooleanField(default=False)
    daily_share_percent = models.PositiveIntegerField(
        default=50, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )

    workspace = models.UUIDField(
        default=uuid4,
        editable=False,
        help_text="tells our records' keys in Salesforce from another workspace's",
    )
    request_limit_seconds = models.PositiveIntegerField(
        default=600, help_text="how long Salesforce may go on with a request whose answer was lost (D9)"
    )

    maps_version = models.PositiveIntegerField(
        default=0, db_default=0, editable=False, help_text="grows when a map changes what is agreed (C11)"
    )

    class Meta:
        verbose_name_plural = "sync settings"
        constraints: ClassVar[list[Any]] = [
            models.CheckConstraint(condition=models.Q(id=1), name="one_row_of_settings"),
            models.CheckConstraint(
                condition=models.Q(pull_interval_minutes__gte=2), name="pull_at_most_every_2_min"
            ),
            models.CheckConstraint(condition=models.Q(watermark_lag_minutes__gte=1), name="watermark_lags"),
            models.CheckConstraint(
                condition=models.Q(daily_share_percent__range=(1, 100)), name="share_is_a_percentage"
            ),
            models.CheckConstraint(
                condition=models.Q(people_create_as__in=["contact", "lead"]),
                name="people_become_contact_or_lead",
            ),
        ]

    def __str__(self) -> str:
        return "Sync settings"

    @classmethod
    def current(cls) -> Self:
        return cls.objects.get_or_create(pk=1)[0]

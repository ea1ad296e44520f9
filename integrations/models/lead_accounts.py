"""What may change which account a lead's e-mail domain leads to (spec C7)."""

from typing import Any, ClassVar

import pgtrigger
from django.db import models

from crm.models import Account

NOTE = "INSERT INTO integrations_domaintomatch (domain) {domains}; RETURN NULL;"
OF_BOTH = "SELECT DISTINCT d FROM unnest(ARRAY[OLD.domain, NEW.domain]) AS d WHERE d <> ''"


class DomainToMatch(models.Model):
    """An account came to this domain, or left it: the next pull looks at the leads who write from there.

    Noted by triggers, whoever wrote the account. A domain may be noted twice; two who note it wait for nobody.
    A pull of accounts forgets what no lead needs, and repetitions once there are many.
    """

    domain = models.CharField(max_length=255)

    def __str__(self) -> str:
        return self.domain


class AccountWithDomain(Account):
    class Meta:
        proxy = True
        triggers: ClassVar[list[Any]] = [
            pgtrigger.Trigger(
                name="match_leads_created",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="created"),  # type: ignore[no-untyped-call]
                func=NOTE.format(domains="SELECT DISTINCT domain FROM created WHERE domain <> ''"),
            ),
            pgtrigger.Trigger(
                name="match_leads_updated",
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "ROW(OLD.domain, OLD.merged_into_id) IS DISTINCT FROM ROW(NEW.domain, NEW.merged_into_id)"
                ),
                func=NOTE.format(domains=OF_BOTH),
            ),
            pgtrigger.Trigger(
                name="match_leads_deleted",
                when=pgtrigger.After,
                operation=pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.domain <> ''"),
                func=NOTE.format(domains="VALUES (OLD.domain)"),
            ),
        ]

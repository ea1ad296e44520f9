from typing import Any, ClassVar

from django.db import models

from integrations.models.connection import Connection


class OutdatedAgreement(models.Model):
    """The links' base still holds values of a field that were agreed under an older map (spec C11).

    Written in the transaction that changes the map, worked off in batches after it
    (`integrations.configuration.agreements`): dropping a field from a million links takes half a minute of
    locks, which no save and no pull should wait for. `done` is the last link worked on.
    """

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="+")
    salesforce_object = models.CharField(max_length=80)
    salesforce_field = models.CharField(max_length=120)
    done = models.BigIntegerField(default=0)

    class Meta:
        constraints: ClassVar[list[Any]] = [
            models.UniqueConstraint(
                fields=["connection", "salesforce_object", "salesforce_field"],
                name="one_outdated_agreement_per_field",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.salesforce_object}.{self.salesforce_field}"

"""The Salesforce pipeline: the org's opportunity stages, in its order (spec G1)."""

from decimal import Decimal
from typing import Any

from crm import journal
from crm.models import DealStage, Pipeline
from integrations.models import Connection
from integrations.salesforce.org import Org
from integrations.salesforce.soql import select

PIPELINE = "Salesforce"
LAST = 10_000  # behind whatever Salesforce lists
_FIELDS = ("ApiName", "MasterLabel", "SortOrder", "DefaultProbability", "IsClosed", "IsWon")


def follow_stages(connection: Connection, org: Org) -> None:
    """Make the pipeline's stages those of the org; a stage that is gone there goes once no deal stands in it.

    Raises SalesforceError.
    """
    soql = select(_FIELDS, "OpportunityStage", where="IsActive = true", order_by=("SortOrder",))
    stages = {_name(row): row for row in org.query_all(soql)}
    with journal.acting(None, "pull"):
        pipeline, _ = Pipeline.objects.update_or_create(name=PIPELINE, defaults={"locked": True})
        for position, (name, row) in enumerate(stages.items()):
            DealStage.objects.update_or_create(
                pipeline=pipeline, name=name, defaults=_told_by_salesforce(row, position)
            )
        gone = pipeline.stages.exclude(name__in=stages)
        gone.filter(deals=None).delete()
        gone.update(is_active=False)


def add_unlisted_stages(names: set[str]) -> None:
    """Stages that deals stand in though the org lists them no more, or never did: kept, at the end, inactive."""
    pipeline = Pipeline.objects.filter(name=PIPELINE).first()
    if pipeline is None:
        return
    known = set(pipeline.stages.values_list("name", flat=True))
    missing = [
        DealStage(pipeline=pipeline, name=name, position=LAST, is_active=False)
        for name in sorted(names - known)
    ]
    with journal.acting(None, "pull"):
        DealStage.objects.bulk_create(missing)


def _name(row: dict[str, Any]) -> str:
    """What StageName holds of a stage."""
    return str(row["ApiName"] or row["MasterLabel"])


def _told_by_salesforce(row: dict[str, Any], position: int) -> dict[str, Any]:
    won = bool(row["IsWon"])
    probability = row["DefaultProbability"]
    return {
        "position": position,
        "probability": None if probability is None else Decimal(str(probability)),
        "is_won": won,
        "is_closed": bool(row["IsClosed"]) or won,
        "is_active": True,
    }

from typing import Any

import pytest

from crm.models import Deal, DealStage, Pipeline
from integrations.models import Connection
from integrations.sync.pull.staging import StagingTable
from integrations.sync.stages import PIPELINE, add_unlisted_stages
from integrations.tests import factories
from integrations.tests.factories import row
from integrations.tests.pull.pulling import pull_rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def live() -> Connection:
    live = factories.connection()
    factories.schemas(live)
    pipeline = Pipeline.objects.create(name=PIPELINE, locked=True)
    DealStage.objects.create(pipeline=pipeline, name="Prospecting")
    return live


def test_a_deal_stands_in_the_stage_of_its_opportunity(live: Connection) -> None:
    pull_rows(live, "Opportunity", [row("Opportunity", 1, Name="Big", StageName="Prospecting", Amount=12.5)])
    deal = Deal.objects.get()
    assert (str(deal.stage), str(deal.amount)) == ("Prospecting", "12.50")


def test_a_stage_that_is_listed_no_more_is_kept_while_a_deal_stands_in_it(live: Connection) -> None:
    add_unlisted_stages({"Prospecting", "Old way"})
    pull_rows(live, "Opportunity", [row("Opportunity", 1, Name="Big", StageName="Old way")])
    assert str(Deal.objects.get().stage) == "Old way"
    assert not DealStage.objects.get(name="Old way").is_active


def test_staging_names_the_stages_of_live_rows_only(live: Connection) -> None:
    staging = StagingTable(live.pk, "Opportunity")
    staging.create(["Id", "IsDeleted", "StageName"])
    rows: list[dict[str, Any]] = [
        {"StageName": "A"},
        {"StageName": "A"},
        {"StageName": "B", "IsDeleted": True},
        {"StageName": None},
    ]
    staging.insert_json(rows, asked_at=factories.NOW)
    assert staging.values_of("StageName") == {"A"}

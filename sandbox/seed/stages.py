"""What saving an opportunity's stage would set; rows loaded past the rules bring it along."""

from typing import Any

from sandbox.schema.catalogue.opportunities import STAGES

STAGE_NAMES = [name for name, *_ in STAGES]
_SET_BY_STAGE = {
    name: {
        "StageName": name,
        "Probability": probability,
        "IsClosed": name.startswith("Closed"),
        "IsWon": name == "Closed Won",
        "ForecastCategory": category,
        "ForecastCategoryName": category_name,
    }
    for name, probability, category, category_name in STAGES
}


def stage_values(name: str) -> dict[str, Any]:
    return dict(_SET_BY_STAGE[name])

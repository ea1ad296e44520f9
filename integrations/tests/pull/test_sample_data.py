"""Rows and schema of real orgs (anonymised), where they lie beside the checkout: loaded, pulled, compared."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from integrations.models import Connection, SyncError
from integrations.sync.pull.runs import PULL_ORDER
from integrations.tests.pull import live
from integrations.tests.pull.in_step import assert_in_step, org_rows
from integrations.tests.sandbox_process import ROOT, SandboxOrg, sandbox_org

SHARED = ROOT.parent / "shared" / "salesforce"
DESCRIBES, SAMPLES = SHARED / "describe", SHARED / "sample_data"
DESCRIBED = ("Account", "Contact", "Lead", "Opportunity", "OpportunityContactRole", "Task", "Event")
ID = re.compile(r"[a-zA-Z0-9]{18}")
NUMBERS = ("double", "currency", "percent", "int")

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not SAMPLES.is_dir(), reason="no sample data beside the checkout"),
]


@pytest.fixture(scope="module")
def real_org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxOrg]:
    """An org with the fields of a real one, and the sample rows past all rules."""
    with sandbox_org(tmp_path_factory.mktemp("real"), org_name="Real") as running:
        for name in DESCRIBED:
            describe = json.loads((DESCRIBES / f"{name}.describe.json").read_text("utf-8"))
            running.control("POST", "/schema/describe", describe)
            if (SAMPLES / f"sf_{name.lower()}_data.csv").exists():
                running.control("POST", f"/records/{name}", {"records": sample(name, describe)})
        yield running


@pytest.fixture
def connection(real_org: SandboxOrg) -> Connection:
    return live.connect(real_org)


def sample(name: str, describe: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows under the API's names. Columns that the describe lacks are dropped."""
    fields = {_plain(field["name"]): field for field in describe["fields"] if not field["calculated"]}
    with Path(SAMPLES / f"sf_{name.lower()}_data.csv").open(encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    return [
        {
            fields[_plain(column)]["name"]: _value(text or "", fields[_plain(column)]["type"])
            for column, text in row.items()
            if column and _plain(column) in fields
        }
        for row in rows
    ]


def _plain(name: str) -> str:
    return name.lower().replace("_", "")


def _value(text: str, kind: str) -> Any:
    """As the API would take it; what anonymising made unreadable for the type is blank."""
    if kind in ("id", "reference"):
        return text if ID.fullmatch(text) else None
    if kind == "boolean":
        return text.lower() == "true"
    if kind in NUMBERS:
        return float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else None
    if kind in ("date", "datetime"):
        found = re.match(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)", text)
        return found and (found[1] if kind == "date" else f"{found[1]}T{found[2]}.000+0000")
    return text or None


def test_every_row_is_loaded(real_org: SandboxOrg) -> None:
    loaded = {name: len(org_rows(real_org, f"SELECT Id FROM {name}")) for name in PULL_ORDER}  # noqa: S608
    assert loaded == {"Account": 10, "Contact": 4, "Lead": 1, "Opportunity": 10}


def test_real_rows_are_pulled_value_by_value(real_org: SandboxOrg, connection: Connection, way: str) -> None:
    run = live.pull(connection)
    assert run.state == "succeeded", run.error
    assert_in_step(real_org, connection)


def test_a_value_that_does_not_fit_is_told(real_org: SandboxOrg, connection: Connection) -> None:
    """Among the rows is a probability of 1000 %."""
    live.pull(connection)
    rows = org_rows(real_org, "SELECT Probability FROM Opportunity WHERE IsDeleted = false")
    unfit = sum((row["Probability"] or 0) >= 1000 for row in rows)
    assert SyncError.objects.filter(code="VALUE_DOES_NOT_FIT", field="Probability").count() == unfit

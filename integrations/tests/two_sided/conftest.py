"""An empty org and a workspace connected to it, emptied again before each script."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection as database

from integrations.models import ApiAllowance, Connection, ObjectSchema, SyncedObject, SyncSettings
from integrations.sync.external_ids import FIELD
from integrations.sync.pull.runs import PULL_ORDER
from integrations.tests.pull import live
from integrations.tests.pull.seller import Seller
from integrations.tests.sandbox_process import SandboxOrg, sandbox_org
from integrations.tests.two_sided.agreement import assert_agreed, assert_quiet
from integrations.tests.two_sided.steps import Script
from integrations.tests.two_sided.world import World
from mappings.models import FieldMap

OBJECTS = (*PULL_ORDER, "OpportunityContactRole")
EMPTIED = (
    *("crm_account", "crm_contact", "crm_deal", "crm_contactrole", "crm_journalentry"),
    *("crm_potentialduplicate", "crm_uncompared"),
    *("integrations_recordlink", "integrations_outboxentry", "integrations_syncerror"),
    *("integrations_syncrun", "integrations_fieldconflict", "integrations_syncedobject"),
)
SELLER = {
    "client_id": "seller",
    "client_secret": "of cars",
    "name": "Seller",
    "run_as": "sales@acme.example",
    "scopes": ["api"],
}


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxOrg]:
    with sandbox_org(tmp_path_factory.mktemp("two_sided"), org_name="Acme") as running:
        running.control("POST", "/apps", SELLER)
        yield running


@pytest.fixture
def run_script(process: SandboxOrg, db: None) -> Iterator[Callable[[Script], None]]:
    """Runs one script from nothing, lets sync settle, and asserts what must hold then."""
    process.control("POST", "/reset", {"seed": "empty"})
    _add_key_fields(process)
    connection = live.connect(process)
    described = {row.name: row.describe for row in ObjectSchema.objects.filter(connection=connection)}
    seller = Seller(replace(process, client_id="seller", client_secret="of cars"))

    def run(script: Script) -> None:
        _begin_anew(process, connection, described, script)
        world = World(process, connection, seller)
        world.run(script)
        world.settle()
        assert_agreed(world)
        assert_quiet(world)

    yield run
    process.control("DELETE", "/faults")
    process.control("POST", "/clock", {"reset": True})


def _add_key_fields(org: SandboxOrg) -> None:
    field = {"name": FIELD, "type": "string", "length": 36, "externalId": True, "unique": True}
    for name in OBJECTS:
        org.control("POST", f"/schema/{name}/fields", field)


def _begin_anew(
    org: SandboxOrg, connection: Connection, described: dict[str, dict[str, Any]], script: Script
) -> None:
    org.control("DELETE", "/faults")
    org.control("POST", "/clock", {"reset": True, "freeze": True})
    org.control("POST", "/reset", {"seed": "empty"})
    if script.key:
        _add_key_fields(org)
    with database.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(EMPTIED)} CASCADE")
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'staging'")
        for (table,) in cursor.fetchall():
            cursor.execute(f'DROP TABLE staging."{table}"')
    for name in PULL_ORDER:
        SyncedObject.objects.create(connection=connection, name=name)
    ApiAllowance.objects.filter(connection=connection).delete()
    for name, describe in described.items():
        known = deepcopy(describe)
        if not script.key:
            known["fields"] = [field for field in known["fields"] if field["name"] != FIELD]
        ObjectSchema.objects.filter(connection=connection, name=name).update(describe=known)
    _set(script)


def _set(script: Script) -> None:
    for place, row in enumerate(FieldMap.objects.order_by("object", "position")):
        row.conflict = script.rules[place % len(script.rules)]
        row.save()
    settings = SyncSettings.current()
    for what in ("people", "accounts", "deals"):
        setattr(settings, f"{what}_push_new", True)
    for what in ("accounts", "contacts", "leads", "deals"):
        setattr(settings, f"{what}_delete_sync", script.deletes)
    for what in ("accounts", "contacts", "leads"):
        setattr(settings, f"{what}_merge_sync", script.merges)
    settings.people_create_as = "lead" if script.as_lead else "contact"
    settings.save()

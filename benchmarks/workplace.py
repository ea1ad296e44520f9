"""The servers, database and org that the benchmarks run on: their own, in .lockstep/bench, durable settings."""

import os
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".lockstep" / "bench"
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "LOCKSTEP_STATE": str(STATE),
    "DEBUG": "on",  # for an embedded PostgreSQL
}
os.environ.pop("DATABASE_URL", None)
os.environ.pop("LOCKSTEP_SERVERS", None)

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection as database  # noqa: E402

from crm.models import CustomField  # noqa: E402
from integrations.models import Connection, SyncedObject, SyncRun  # noqa: E402
from integrations.sync.pull.plan import plan_object  # noqa: E402
from integrations.sync.pull.runs import PULL_ORDER  # noqa: E402
from integrations.tests.pull import live  # noqa: E402
from integrations.tests.sandbox_process import SandboxOrg  # noqa: E402
from mappings.models import FieldMap  # noqa: E402

settings.DEBUG = False  # which would keep every query's text

PULLED = (
    "crm_contact, crm_account, crm_deal, crm_contactrole, crm_journalentry, crm_potentialduplicate, crm_pastduplicate,"
    " crm_uncompared, integrations_recordlink"
)
MORE = {
    "department": "Department",
    "salutation": "Salutation",
    "assistant": "AssistantName",
    "assistant_phone": "AssistantPhone",
    "fax": "Fax",
    "about": "Description",
    "other_city": "OtherCity",
}
WORKED = "integrations_syncrun, integrations_syncerror, integrations_outboxentry"


def open_database() -> None:
    call_command("migrate", verbosity=0)
    run("SET lockstep.allow_truncate = 'on'")


def run(statement: str) -> None:
    with database.cursor() as cursor:
        cursor.execute(statement)


def connect(org: SandboxOrg) -> Connection:
    """A connection to a new org, in place of any before."""
    empty()
    run("TRUNCATE integrations_connection CASCADE")
    connection = live.connect(org)
    map_more()
    return connection


def map_more() -> None:
    """Custom fields beside the map made by default: 25 in all."""
    for name, salesforce in MORE.items():
        CustomField.objects.get_or_create(kind="contact", name=name, defaults={"label": name, "type": "text"})
        row = {"field": f"custom.{name}", "salesforce": salesforce}
        FieldMap.objects.get_or_create(object="Contact", **row, defaults={"position": 100})
    SyncedObject.objects.update(read_again=False)


def empty() -> None:
    """Nothing pulled; tables and statistics as on the first day."""
    run("SET lockstep.allow_truncate = 'on'")
    run(f"TRUNCATE {PULLED}, {WORKED} CASCADE")
    run("DROP SCHEMA staging CASCADE")
    run("CREATE SCHEMA staging")
    connection = Connection.objects.live().first()
    SyncedObject.objects.all().delete()
    if connection:
        for name in PULL_ORDER:
            SyncedObject.objects.create(connection=connection, name=name)
    run("VACUUM ANALYZE crm_contact, crm_account, integrations_recordlink")
    run("CHECKPOINT")


def pull_accounts(connection: Connection) -> None:
    live.finish(live.start(connection, objects=["Account"]))


def start_contacts(connection: Connection) -> SyncRun:
    return live.start(connection, trigger=SyncRun.Trigger.FIRST, objects=["Contact"])


def now() -> datetime:
    return datetime.now(UTC)


def contacts_soql(connection: Connection) -> str:
    """What the pull of contacts asks for."""
    run = SyncRun(connection=connection, object="Contact", trigger=SyncRun.Trigger.FIRST)
    columns = plan_object(connection, "Contact", run).columns
    return f"SELECT {', '.join(columns)} FROM Contact"  # noqa: S608

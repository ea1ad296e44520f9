"""A connection that outlives a test: for a module of tests that roll back, or for other processes to see."""

from django.db import connection as database

from integrations.models import Connection, SyncSettings
from integrations.sync.external_ids import FIELD
from integrations.tests.pull import live
from integrations.tests.sandbox_process import SandboxOrg

WORKED = (
    *("crm_account", "crm_contact", "crm_deal", "crm_contactrole", "crm_journalentry"),
    *(
        "integrations_recordlink",
        "integrations_outboxentry",
        "integrations_syncerror",
        "integrations_syncrun",
    ),
)
CONNECTED = (
    *("integrations_connection", "mappings_fieldmap", "crm_pipeline", "crm_dealstage"),
    *("django_celery_beat_periodictask", "integrations_auditentry", "integrations_syncsettings"),
)
KEYED = ("Account", "Contact", "Lead", "Opportunity", "OpportunityContactRole")


def connected(running: SandboxOrg, *, keyed: bool) -> Connection:
    """New records of every kind go out, deletes too; `keyed` objects carry our external id."""
    forgotten()
    if keyed:
        field = {"name": FIELD, "type": "string", "length": 36, "externalId": True, "unique": True}
        for name in KEYED:
            running.control("POST", f"/schema/{name}/fields", field)
    connection = live.connect(running)
    settings = SyncSettings.current()
    settings.people_push_new = settings.accounts_push_new = settings.deals_push_new = True
    settings.contacts_delete_sync = True
    settings.save()
    return connection


def forgotten() -> None:
    """All that a test may have committed."""
    empty(*WORKED, *CONNECTED)


def empty(*tables: str) -> None:
    with database.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")

"""A connection that outlives a test: for a module of tests that roll back, or for other processes to see."""

from django.db import connection as database

from integrations.models import Connection, ObjectSchema, SyncSettings
from integrations.sync.external_ids import FIELD
from integrations.tests.pull import live
from integrations.tests.sandbox_process import SandboxOrg

WORKED = (
    *("crm_account", "crm_contact", "crm_deal", "crm_contactrole", "crm_journalentry"),
    *("crm_potentialduplicate", "crm_uncompared", "integrations_fieldconflict"),
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
REQUEST_LIMIT = 90
"""Seconds; longer than the minute after which a late commit comes."""
KEYED = ("Account", "Contact", "Lead", "Opportunity", "OpportunityContactRole")


def connected(running: SandboxOrg) -> Connection:
    """New records of every kind go out, deletes too; the objects carry our external id."""
    forgotten()
    field = {"name": FIELD, "type": "string", "length": 36, "externalId": True, "unique": True}
    for name in KEYED:
        running.control("POST", f"/schema/{name}/fields", field)
    connection = live.connect(running)
    settings = SyncSettings.current()
    settings.people_push_new = settings.accounts_push_new = settings.deals_push_new = True
    settings.contacts_delete_sync = True
    settings.request_limit_seconds = REQUEST_LIMIT
    settings.save()
    return connection


def without_key(connection: Connection) -> None:
    """From now on the sync user doesn't see our external id."""
    for schema in ObjectSchema.objects.filter(connection=connection, name__in=KEYED):
        schema.describe["fields"] = [field for field in schema.describe["fields"] if field["name"] != FIELD]
        schema.save()


def forgotten() -> None:
    """All that a test may have committed."""
    empty(*WORKED, *CONNECTED)


def empty(*tables: str) -> None:
    with database.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")

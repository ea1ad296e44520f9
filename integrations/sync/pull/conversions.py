"""Leads converted since their last pull: each names its contact before that contact is pulled (spec C4).

Contacts are pulled before leads, and a conversion may leave no e-mail to know the person by. Told beforehand, the
contact takes the lead's person over, with id, history and lists, instead of becoming a second one.
"""

import json
from functools import partial
from typing import Any

from django.db import connection as database
from django.db.models import QuerySet

from integrations.models import Connection, RecordLink, SyncedObject
from integrations.salesforce.org import Org
from integrations.salesforce.soql import quote, select
from integrations.sync.pull.lease import Lease
from integrations.sync.pull.plan import UnreadableObject, readable_fields

NAME = """
UPDATE integrations_recordlink l SET suppressed_by = x."ConvertedContactId", changed_at = now()
  FROM jsonb_to_recordset(%s::jsonb) AS x("Id" text, "ConvertedContactId" text)
 WHERE l.connection_id = %s AND l.salesforce_id = x."Id" AND l.state = 'linked'
   AND x."ConvertedContactId" IS NOT NULL AND l.suppressed_by <> x."ConvertedContactId" """
FIELDS = ("Id", "ConvertedContactId")


def name_contacts(connection: Connection, org: Org, lease: Lease) -> None:
    """One call where few were converted; none where no lead is linked. Raises SalesforceError, LeaseLost."""
    since = SyncedObject.objects.filter(
        connection_id=connection.pk, name="Lead", watermark__isnull=False
    ).first()
    leads = RecordLink.objects.filter(
        connection=connection, salesforce_object="Lead", state=RecordLink.State.LINKED
    )
    if since is None or not _any(leads) or not _tells(connection):
        return
    where = f"IsConverted = true AND SystemModstamp >= {quote(since.watermark)}"
    page = org.query_page(select(FIELDS, "Lead", where=where))
    while True:
        lease.write(lease.run, partial(_name, connection, page.records))
        if page.next_url is None:
            return
        page = org.next_page(page.next_url)


def _name(connection: Connection, records: list[dict[str, Any]]) -> None:
    with database.cursor() as cursor:
        cursor.execute(NAME, [json.dumps(records), connection.pk])


def _any(leads: QuerySet[RecordLink]) -> bool:
    """Asked of the index first, which holds those with an e-mail: else all links are looked through."""
    return leads.exclude(match_key="").exists() or leads.exists()


def _tells(connection: Connection) -> bool:
    """Whether the connected user may see what a lead was converted to."""
    try:
        return {"IsConverted", *FIELDS} <= readable_fields(connection, "Lead").keys()
    except UnreadableObject:
        return False

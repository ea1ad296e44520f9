"""*Bring back*: a Salesforce record that pulls skip is read again, as a new one (spec C8, C9).

Pulls skip what was merged or deleted here while Salesforce kept its record: a *tombstone*.
"""

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from django.db import connection as database
from django.db.models import F, QuerySet

from crm.models import Kind, User
from integrations.models import AuditEntry, RecordLink, SyncedObject
from integrations.sync.deadlocks import persistently

GIVE_BACK = """
UPDATE integrations_recordlink l
   SET base = l.base || jsonb_build_object('AccountId', t.suppressed_by), reread = true, changed_at = %(now)s
  FROM integrations_recordlink t JOIN {table} r ON r.account_id = t.record_id
 WHERE t.id = ANY(%(ids)s) AND t.kind = 'account' AND t.suppressed_by <> ''
   AND l.connection_id = t.connection_id AND l.kind = %(kind)s AND l.record_id = r.id AND l.state = 'linked'
   AND l.base ->> 'AccountId' = t.salesforce_id"""
"""What moved here with a merged account is its again: read once more, as if Salesforce had moved it there. An edit
meanwhile doesn't tell Salesforce that it stays with the survivor, since nobody said so."""
AWAIT = """
UPDATE integrations_recordlink l
   SET waiting_for = jsonb_build_object('AccountId', t.salesforce_id), changed_at = %(now)s
  FROM integrations_recordlink t, {table} r
 WHERE t.id = ANY(%(ids)s) AND t.kind = 'account' AND t.suppressed_by = '' AND r.account_id IS NULL
   AND l.connection_id = t.connection_id AND l.kind = %(kind)s AND l.record_id = r.id AND l.state = 'linked'
   AND l.waiting_for IS NULL AND l.base ->> 'AccountId' = t.salesforce_id"""
"""What stands below a deleted account there, and lost it here with the delete, gets the one that comes back."""
CHILDREN = {Kind.CONTACT: "crm_contact", Kind.DEAL: "crm_deal"}


def skipped() -> QuerySet[RecordLink]:
    """The links of records in Salesforce that pulls of the live connection skip."""
    return RecordLink.objects.filter(
        state=RecordLink.State.TOMBSTONE, connection__disconnected_at=None, kind__in=(Kind.ACCOUNT, *CHILDREN)
    )


def bring_back(ids: Collection[int], *, user: User | None, now: datetime) -> int:
    """The next pull reads these links' records again and makes new ones of them; how many that are.

    What is brought back already is passed over, so that it may be asked for twice.
    """
    return persistently(lambda: _bring_back(ids, user, now))


def _bring_back(ids: Collection[int], user: User | None, now: datetime) -> int:
    wanted = skipped().filter(pk__in=ids).order_by("pk")
    links = list(wanted.select_for_update(of=("self",), no_key=True))
    if not links:
        return 0
    found = [link.pk for link in links]
    with database.cursor() as cursor:
        for kind, table in CHILDREN.items():
            for statement in (GIVE_BACK, AWAIT):
                cursor.execute(statement.format(table=table), {"ids": found, "kind": kind.value, "now": now})
    RecordLink.objects.filter(pk__in=found).update(
        state=RecordLink.State.GONE,
        record_id=None,
        merged_record_id=None,
        suppressed_by="",
        base={},
        system_modstamp=None,
        reread=True,
        changed_at=now,
    )
    for (connection_id, name), count in Counter(
        (link.connection_id, link.salesforce_object) for link in links
    ).items():
        # The pull that reads them counts them as new there.
        SyncedObject.objects.filter(connection_id=connection_id, name=name).update(
            gone=F("gone") + count, there=F("there") - count
        )
    AuditEntry.objects.create(
        at=now,
        actor=user,
        action="brought back",
        changes=[
            {
                "path": f"{link.salesforce_object}.{link.salesforce_id}",
                "from": "skipped by pulls",
                "to": "pulled again",
            }
            for link in links
        ],
    )
    return len(links)

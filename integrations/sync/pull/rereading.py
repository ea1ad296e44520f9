"""Records that a pull asks for by their ids, changed there or not: their place here has to be judged again.

A lead whose contact is gone, a record that somebody brought back, one that was left alone as a push of it ran. Asked
by retrieve, 2,000 a call; what is found is judged by the chunk that holds it, and what isn't is left as it stands,
since absent isn't deleted.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import QuerySet

from integrations.models import RecordLink

AT_ONCE = 2000

HAS_REREADS = """
SELECT EXISTS (SELECT 1 FROM integrations_recordlink l
                WHERE l.connection_id = {connection} AND l.salesforce_object = {object} AND l.reread)
    OR EXISTS (SELECT 1 FROM integrations_recordlink l
                WHERE l.connection_id = {connection} AND l.salesforce_object = {object}
                  AND l.not_visible_since IS NOT NULL)"""
FORGET_REREADS = """
UPDATE integrations_recordlink l SET reread = false, not_visible_since = NULL FROM chunk c
 WHERE l.id = c.link_id AND (l.reread OR l.not_visible_since IS NOT NULL) AND c.action <> 'stale'"""
"""Salesforce has shown them."""
REREAD_STALE = """
UPDATE integrations_recordlink l SET reread = true FROM chunk c
 WHERE l.id = c.link_id AND c.action = 'stale' AND c.deleted IS NOT TRUE AND NOT l.reread"""
"""What was left alone is read again by its id, since it may be for long: an edit that it waits for isn't sent while
sending is paused. A cursor that stayed before it would have each pull read all that changed since then."""


def ask_again(links: QuerySet[RecordLink]) -> int:
    """The next pull of the object reads these records again."""
    return links.update(reread=True)


def wanted(connection_id: int, object_name: str, *, after: int) -> list[tuple[int, str]]:
    """The next links to ask for, with their Salesforce ids."""
    links = RecordLink.objects.filter(
        connection_id=connection_id, salesforce_object=object_name, reread=True, pk__gt=after
    )
    return list(links.order_by("pk").values_list("pk", "salesforce_id")[:AT_ONCE])


def forget(link_ids: Sequence[int], *, now: datetime) -> None:
    """Salesforce doesn't show them: nothing is known, so nothing is done."""
    RecordLink.objects.filter(pk__in=link_ids).update(reread=False, changed_at=now)

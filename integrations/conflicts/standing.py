"""Open questions as things stand: what the record holds now, and who changed it there last."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection as database

STANDING = """
SELECT q.id, v.doc IS NOT NULL, lockstep_value(v.doc, q.field),
       md5(jsonb_build_array(lockstep_value(v.doc, q.field), q.theirs, q.salesforce_value)::text),
       j.at, j.actor_id, j.origin
  FROM integrations_fieldconflict q
  LEFT JOIN LATERAL (
    SELECT to_jsonb(r) AS doc FROM crm_contact r WHERE q.kind = 'contact' AND r.id = q.record_id UNION ALL
    SELECT to_jsonb(r) FROM crm_account r WHERE q.kind = 'account' AND r.id = q.record_id UNION ALL
    SELECT to_jsonb(r) FROM crm_deal r WHERE q.kind = 'deal' AND r.id = q.record_id
  ) v ON true
  LEFT JOIN LATERAL (
    SELECT e.at, e.actor_id, e.origin FROM crm_journalentry e
     WHERE e.kind = q.kind AND e.record_id = q.record_id AND e.changes ? q.field AND e.origin <> 'pull'
     ORDER BY e.id DESC LIMIT 1
  ) j ON true
 WHERE q.id = ANY(%s)"""


@dataclass(frozen=True, slots=True)
class Standing:
    """`ours` is what the record holds now. `seen` names both values: whoever decides says what they saw."""

    is_here: bool
    ours: Any
    seen: str
    changed_at: datetime | None
    actor_id: int | None
    origin: str


def standings(question_ids: Iterable[int]) -> dict[int, Standing]:
    """By the question's id, in one query."""
    with database.cursor() as cursor:
        cursor.execute(STANDING, [list(question_ids)])
        return {
            pk: Standing(
                is_here, None if ours is None else json.loads(ours), seen, at, actor_id, origin or ""
            )
            for pk, is_here, ours, seen, at, actor_id, origin in cursor.fetchall()
        }

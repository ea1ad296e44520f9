"""What Salesforce's own users call a field, from the describes as last read."""

from collections.abc import Iterable

from django.db import connection as database

LABELS = """
SELECT s.name, f ->> 'name', f ->> 'label'
  FROM integrations_objectschema s, jsonb_array_elements(s.describe -> 'fields') f
 WHERE s.name = ANY(%s) AND f ->> 'name' = ANY(%s)
 ORDER BY s.read_at"""
"""Looked up there, as a describe may hold five hundred fields with all their picklists."""


def field_labels(fields: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The label of each (object, API name) that is known."""
    wanted = {(object_name, name) for object_name, name in fields if object_name and name}
    if not wanted:
        return {}
    objects, names = sorted({name for name, _ in wanted}), sorted({name for _, name in wanted})
    with database.cursor() as cursor:
        cursor.execute(LABELS, [objects, names])
        return {(object_name, name): label or name for object_name, name, label in cursor.fetchall()}

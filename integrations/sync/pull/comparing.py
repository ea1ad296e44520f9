"""Finding the potential duplicates of what a pull's transaction wrote (spec C5)."""

from crm.matching import TABLES, compare_written
from crm.models import Kind

CREATED = "SELECT new_id FROM chunk WHERE action = 'create'"


def compare_pulled(kind: str, *, creates: bool) -> int:
    """What became of the records written, those that the chunk created too: how many look like another now."""
    if kind not in TABLES:
        return 0
    return compare_written(Kind(kind), created=CREATED if creates else "")

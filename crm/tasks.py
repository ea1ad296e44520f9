"""Celery's side of the records: what follows from an edit, a moment after it."""

from celery import shared_task

from crm.matching import AT_ONCE, compare_waiting


@shared_task(soft_time_limit=240, time_limit=300)
def compare_records() -> None:
    """Find the potential duplicates of what was edited (spec C5); cut off, the next ring goes on."""
    while compare_waiting() == AT_ONCE:
        pass

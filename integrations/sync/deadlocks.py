"""Of two who each hold what the other wants next, PostgreSQL ends one: that one tries again."""

from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, OperationalError, transaction

TRIES = 5
RETRIED = frozenset({"40P01", "40001"})  # deadlock, serialization failure
T = TypeVar("T")


def persistently(step: Callable[[], T]) -> T:
    """Run the step in a transaction; again where somebody put their own row in between, or both locked each other."""
    for left in reversed(range(TRIES)):
        try:
            with transaction.atomic():
                return step()
        except (IntegrityError, OperationalError) as error:
            lasting = isinstance(error, OperationalError) and not _is_deadlock(error)
            if lasting or not left:
                raise
    raise AssertionError("unreachable")


def _is_deadlock(error: OperationalError) -> bool:
    return getattr(error.__cause__, "sqlstate", None) in RETRIED

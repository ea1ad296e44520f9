"""Who is writing, and why: what the triggers put into the journal (spec O4, design idea 3)."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from crm.models import User

SETTINGS = ("lockstep.actor", "lockstep.origin", "lockstep.run")


@contextmanager
def acting(actor: User | None, origin: str, *, run: int | None = None) -> Iterator[None]:
    """Open a transaction whose writes are journaled as `actor`'s, by `origin`, in sync run `run`.

    May be nested: the outer actor and origin hold again afterwards.
    """
    values = (str(actor.pk) if actor else "", origin, str(run) if run else "")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(f'current_setting({name!r}, true)' for name in SETTINGS)}")
        before = cursor.fetchone()
        _set(values)
        yield
        _set(tuple(value or "" for value in before))


@contextmanager
def uncaptured() -> Iterator[None]:
    """Open a transaction whose writes neither journal nor outbox notice; the writer journals them itself.

    For statements that write what Salesforce holds already (design, idea 3). May be nested.
    """
    with _skipping("on"):
        yield


@contextmanager
def captured() -> Iterator[None]:
    """Inside `uncaptured`, for what is an edit all the same."""
    with _skipping(""):
        yield


@contextmanager
def _skipping(value: str) -> Iterator[None]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('lockstep.skip', true), '')")
        (before,) = cursor.fetchone()
        cursor.execute("SELECT set_config('lockstep.skip', %s, true)", [value])
        yield
        cursor.execute("SELECT set_config('lockstep.skip', %s, true)", [before])


def _set(values: tuple[str, ...]) -> None:
    calls = ", ".join(["set_config(%s, %s, true)"] * len(SETTINGS))
    parameters = [part for pair in zip(SETTINGS, values, strict=True) for part in pair]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {calls}", parameters)

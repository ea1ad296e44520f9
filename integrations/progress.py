"""How far an open run is: records done, total, rate and time left (spec C2)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from integrations.models import SyncRun
from integrations.overview import LABELS, ROLES

TITLES = {
    str(SyncRun.Kind.EXTRACT): "Reading Salesforce in advance",
    str(SyncRun.Kind.RECONCILE): "Comparing both sides",
}
MEASURABLE = timedelta(seconds=2)


@dataclass(frozen=True)
class ObjectProgress:
    """`percent` is None before Salesforce has said how many records there are."""

    label: str
    doing: str
    records: int
    total: int | None
    percent: int | None
    rate: int | None
    left: timedelta | None
    ended: bool


@dataclass(frozen=True)
class Progress:
    title: str
    held_up: str
    objects: list[ObjectProgress]


def progress_of(run: SyncRun, now: datetime) -> Progress:
    title = TITLES.get(run.kind, "Pulling from Salesforce")
    children = run.children.order_by("pk")
    return Progress(
        title=f"{title} ({run.get_trigger_display()})",
        held_up=run.error,
        objects=[object_progress(child, now) for child in children],
    )


def object_progress(child: SyncRun, now: datetime) -> ObjectProgress:
    """Reading and writing count alike, so that the bar doesn't begin anew half-way."""
    ended = child.finished_at is not None
    writes = child.kind != SyncRun.Kind.EXTRACT
    applying = child.phase != SyncRun.Phase.EXTRACTING
    fraction = None
    if child.total is not None:
        work = child.total * (2 if writes else 1)
        fraction = min((child.read + child.done) / work, 1.0) if work else 1.0
    records = child.done if applying else child.read
    elapsed = now - child.started_at if child.started_at else timedelta()
    measured = elapsed > MEASURABLE and bool(records) and not ended
    return ObjectProgress(
        label=LABELS.get(child.object, ROLES),
        doing=_doing(child, ended),
        records=records,
        total=child.total,
        percent=100 if ended else None if fraction is None else int(fraction * 100),
        rate=int((child.read + child.done) / elapsed.total_seconds()) if measured else None,
        left=elapsed * ((1 - fraction) / fraction) if measured and fraction else None,
        ended=ended,
    )


def _doing(child: SyncRun, ended: bool) -> str:
    if child.state == SyncRun.State.FAILED:
        return f"stopped: {child.error}"
    if ended:
        return "done"
    return "waiting" if child.state == SyncRun.State.WAITING else child.get_phase_display()

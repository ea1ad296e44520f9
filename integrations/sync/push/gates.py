"""Whether a new record may go out, and why not (spec D1, D3). Linked records always may (D6)."""

from crm.models import Kind
from integrations.models import SyncSettings
from integrations.sync.push.plan import OBJECTS

WORDS = {Kind.CONTACT: "people", Kind.ACCOUNT: "accounts", Kind.DEAL: "deals"}


def why_not_pushed(
    kind: str, stage: str | None, settings: SyncSettings, *, backfill: bool = False
) -> tuple[str, str] | None:
    """Why a new record may not go out, short and long; None where it may. A backfill needs no switch (D5)."""
    if kind == Kind.CONTACT_ROLE:
        return None
    words = WORDS[Kind(kind)]
    if not backfill and not getattr(settings, f"{words}_push_new"):
        return f"new {words} aren't pushed", f"Pushing new {words} is switched off in the push settings."
    allowed = allowed_stages(kind, settings)
    if allowed is None or stage in allowed:
        return None
    return (
        f"stage is {stage}" if stage else "it has no stage",
        f"New {words} are pushed at certain stages only: {', '.join(name or 'no stage' for name in allowed)}.",
    )


def new_object(kind: str, settings: SyncSettings) -> str:
    """What a new record becomes there: a person a contact or a lead, as the setting says (D2)."""
    as_lead = settings.people_create_as == SyncSettings.CreateAs.LEAD
    return "Lead" if kind == Kind.CONTACT and as_lead else OBJECTS[kind][0]


def allowed_stages(kind: str, settings: SyncSettings) -> list[str | None] | None:
    """The stages at which new records of the kind go out; None for any, None in the list for no stage."""
    return getattr(settings, f"{WORDS[Kind(kind)]}_only_stages", None)

"""What a merge made here will do, said before the button is pressed (pages: *Compare & merge*; spec C9)."""

from collections.abc import Collection

from crm.comparing import Comparison
from crm.merging import what_moves
from crm.models import Kind, Record
from integrations.badges import WAITS_FOR
from integrations.merging.links import Outcome, outcome
from integrations.models import Connection, ConnectionState, RecordLink
from mappings.models import Direction, FieldMap

CALLED = {"Contact": "contact", "Lead": "lead", "Account": "account", "Opportunity": "opportunity"}
MOVED = {
    Kind.CONTACT: ("person", "people"),
    Kind.DEAL: ("deal", "deals"),
    Kind.CONTACT_ROLE: ("role in deals", "roles in deals"),
}


def here(comparison: Comparison) -> list[str]:
    """What changes in the workspace."""
    kept, other = comparison.kept, comparison.other
    counts = {kind: count for kind, count in what_moves(kept.kind, [other.pk]).items() if count}
    said = [f"{other} is hidden from then on. Its page and its history stay, and name {kept}."]
    if not counts:
        return [f"Nothing refers to {other}, so nothing else moves.", *said]
    words = [f"{count:,} {MOVED[kind][count != 1]}" for kind, count in counts.items()]
    verb = "moves" if list(counts.values()) == [1] else "move"
    return [f"{' and '.join(words)} {verb} from {other} to {kept}.", *said]


def there(comparison: Comparison, take: Collection[str]) -> list[str]:
    """What Salesforce will and won't do, if `take` are the fields whose value the other gives."""
    connection = Connection.objects.live().first()
    if connection is None:
        return ["Salesforce isn't connected, and isn't told of it later either."]
    done = outcome_of(connection, comparison.kept, comparison.other)
    if done.kept is None:
        return ["Salesforce has neither of the two, so nothing changes there."]
    return [*_links(done, comparison), _values(done, comparison, take, connection)]


def outcome_of(connection: Connection, kept: Record, other: Record) -> Outcome:
    links = RecordLink.objects.filter(
        connection=connection,
        kind=kept.kind,
        record_id__in=[kept.pk, other.pk],
        state=RecordLink.State.LINKED,
    )
    held = {link.record_id: link for link in links.defer("base")}
    return outcome(held.get(kept.pk), held.get(other.pk))


def _links(done: Outcome, comparison: Comparison) -> list[str]:
    kept, other = comparison.kept, comparison.other
    stays = done.kept and named(done.kept)
    if done.ended is None:
        if not done.moves:
            return [f"Salesforce has {kept} alone ({stays}), and isn't told of the merge."]
        return [
            f"Salesforce has {other} alone ({stays}), and isn't told of the merge. From then on {stays} is in step "
            f"with {kept}."
        ]
    ended = named(done.ended)
    said = [
        "Salesforce keeps both records, and isn't told of the merge.",
        f"{kept} {'is in step with' if done.moves else 'stays in step with'} {stays} there.",
    ]
    if done.leaves_out:
        return [*said, f"Pulls leave out {ended}, as it has the contact's e-mail."]
    return [
        *said,
        f"{ended[0].upper()}{ended[1:]} is no longer in step with anyone here: pulls skip it until someone clicks "
        "Bring back.",
    ]


def _values(done: Outcome, comparison: Comparison, take: Collection[str], connection: Connection) -> str:
    count = len(sent(done, comparison, take))
    where = named(done.kept) if done.kept else ""
    if not count:
        return "No value is sent to Salesforce."
    what = f"{count:,} value{'' if count == 1 else 's'}"
    is_sent = "is sent" if count == 1 else "are sent"
    until = WAITS_FOR.get(connection.state, "")
    waits = "" if connection.state == ConnectionState.ACTIVE or not until else f"; that edit {until}"
    chosen = "that differs from what it holds" if count == 1 else "that differ from what it holds"
    return f"{what} {chosen} {is_sent} to {where}{waits}."


def sent(done: Outcome, comparison: Comparison, take: Collection[str]) -> set[str]:
    """The fields whose value will differ from what Salesforce holds in the record that stays in step."""
    if done.kept is None:
        return set()
    differing = set(comparison.differing)
    changed = differing - set(take) if done.moves else differing & set(take)
    rows = FieldMap.objects.filter(object=done.kept.salesforce_object, suspended="")
    return changed & set(rows.exclude(direction=Direction.PULL).values_list("field", flat=True))


def named(link: RecordLink) -> str:
    return f"{CALLED.get(link.salesforce_object, 'record')} {link.salesforce_id}"

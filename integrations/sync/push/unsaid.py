"""What was changed here to something that Salesforce can't be told; all the rest of the record went out."""

from collections.abc import Sequence
from dataclasses import dataclass

from integrations.sync import push_errors
from integrations.sync.push import owners
from integrations.sync.push.claim import Claim, Claimed
from integrations.sync.push.shift import Shift

NOT_MAPPED = "Salesforce knows no counterpart of what {fields} holds here, so it keeps its own."


@dataclass(frozen=True, slots=True)
class Unsaid:
    """`fields` are Salesforce's names."""

    entry: Claimed
    salesforce_id: str | None
    fields: Sequence[str]


def tell(shift: Shift, claim: Claim, object_name: str, unsaid: Sequence[Unsaid]) -> None:
    """An owner waits until the owner map knows them; other values are warned of."""
    waiting = [item for item in unsaid if owners.FIELD in item.fields]
    owners.hold_owners(shift, claim, object_name, [(item.entry, item.salesforce_id) for item in waiting])
    warnings = [
        push_errors.Refusal(
            record_id=item.entry.record_id,
            salesforce_id=item.salesforce_id or "",
            code="VALUE_NOT_MAPPED",
            message=NOT_MAPPED.format(fields=", ".join(item.fields)),
            fields=item.fields,
            attempts=0,
            held_by_us=True,
        )
        for item in unsaid
        if item.fields and owners.FIELD not in item.fields
    ]
    push_errors.record_all(
        shift.connection,
        kind=claim.kind,
        salesforce_object=object_name,
        refusals=warnings,
        now=shift.clock(),
    )

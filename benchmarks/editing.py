"""python -m benchmarks.editing EDITS: edit people of the installation around it; when, how long it took, as JSON."""

import json
import os
import sys
import time

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"

import django  # noqa: E402

django.setup()

from crm import journal  # noqa: E402
from crm.models import Contact, Kind  # noqa: E402
from integrations.models import OutboxEntry, RecordLink  # noqa: E402

LOOK = 0.005
PATIENCE = 30.0
NAP = 0.05  # between two edits, so that the worker is idle again


def main() -> None:
    committed, waited = [], []
    people = linked_people(int(sys.argv[1]))
    for number, (person, _) in enumerate(people):
        committed.append(change(person, number))
        waited.append(settled(person.pk, committed[-1]))
        time.sleep(NAP)
    answer = {"committed": committed, "settled": waited, "ids": [id for _, id in people]}
    sys.stdout.write(json.dumps(answer) + "\n")


def linked_people(number: int) -> list[tuple[Contact, str]]:
    """With their ids in Salesforce."""
    links = RecordLink.objects.filter(
        kind=Kind.CONTACT, salesforce_object="Contact", state=RecordLink.State.LINKED
    ).order_by("record_id")[:number]
    ids = {link.record_id: link.salesforce_id for link in links}
    if len(ids) < number:
        raise SystemExit(f"Only {len(ids)} contacts are linked.")
    return [(person, ids[person.pk]) for person in Contact.objects.filter(pk__in=list(ids))]


def change(person: Contact, number: int) -> float:
    """As a person at the keyboard does; the moment of the commit."""
    with journal.acting(None, "web"):
        person.change({"phone": f"+44 20 7946 {number:04}"})
    return time.time()


def settled(record_id: int, since: float) -> float:
    """Seconds until nothing of the record waits any more."""
    while OutboxEntry.objects.filter(kind=Kind.CONTACT, record_id=record_id).exists():
        if time.time() - since > PATIENCE:
            raise SystemExit(f"The edit of person {record_id} isn't answered.")
        time.sleep(LOOK)
    return time.time() - since


if __name__ == "__main__":
    main()

"""A map that is changed while a pull runs, or while a chunk of it is open (spec C11)."""

import pytest
from django.db import transaction

from crm.journal import uncaptured
from crm.models import Contact
from integrations import failpoints
from integrations.configuration import import_configuration
from integrations.configuration.agreements import drop_outdated_agreements
from integrations.models import Connection
from integrations.sync.map_lock import MapChanged, keep_maps
from integrations.tests.factories import NOW
from integrations.tests.pull import live
from integrations.tests.pull.live import link_of
from integrations.tests.pull.pulling import start_meanwhile
from integrations.tests.pull.seller import Seller
from integrations.tests.pull.test_leads import contact, person_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def contact_id(pulled: Connection, seller: Seller) -> str:
    """Its title has been "Theirs" there and "Buyer" here since before it was mapped; its phone comes with a pull."""
    made = contact(seller, None, Title="Theirs")
    live.pull(pulled)
    with uncaptured():
        Contact.objects.filter(pk=person_of(made).pk).update(title="Buyer")
    seller.change("Contact", made, Phone="123")
    return made


@pytest.mark.parametrize("dropped", [False, True])
@pytest.mark.parametrize("point", ["pull.page staged", "pull.extract ended"])
def test_a_pull_goes_on_by_the_map_that_stands(
    pulled: Connection, contact_id: str, point: str, dropped: bool
) -> None:
    failpoints.arm(point, lambda: live.save_map(pulled, "Contact", "Title", reread=False, dropped=dropped))
    assert live.pull(pulled).state == "succeeded"
    assert (person_of(contact_id).title, person_of(contact_id).phone) == ("Theirs", "123")
    assert link_of(contact_id).base["Title"] == "Theirs"


def test_a_plan_of_an_older_map_is_none_any_more(pulled: Connection) -> None:
    live.save_map(pulled, "Contact", "Title", reread=False)
    with transaction.atomic(), pytest.raises(MapChanged):
        keep_maps()
    drop_outdated_agreements()
    with transaction.atomic():
        keep_maps()
        with pytest.raises(MapChanged):
            keep_maps(0)


def test_who_saves_a_map_waits_for_the_open_chunk(pulled: Connection) -> None:
    done: list[str] = []

    def save() -> None:
        import_configuration({"values": {"Contact.LeadSource": {"Web": "Search"}}}, actor=None, now=NOW)
        done.append("saved")

    with transaction.atomic():
        keep_maps()
        other = start_meanwhile(save)
        done.append("chunk")
    other.join()
    assert done == ["chunk", "saved"]

"""Whatever is done there and to the filter between pulls: each contact stands as a plain reading of C12 says."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.models import Contact
from integrations.models import Connection, OutboxEntry, RecordLink, SyncedObject, SyncSettings
from integrations.tests.pull import live
from integrations.tests.pull.seller import Seller
from integrations.tests.sandbox_process import SandboxOrg, sandbox_org

pytestmark = pytest.mark.django_db(transaction=True)

COUNTRIES = ("France", "UK", None)
Step = tuple[str, Any, Any]


@dataclass
class Standing:
    """How a contact of the org has to stand here; `there` is what the org holds, None once it is deleted."""

    there: dict[str, Any] | None
    outside: str = ""
    here: dict[str, Any] = field(default_factory=dict)

    def pulled(self, wanted: str | None) -> None:
        if self.there is None:
            return
        if wanted is None or self.there["MailingCountry"] == wanted:
            self.outside, self.here = "", dict(self.there)
        elif self.here and self.outside != "known":
            self.outside = "frozen"
        else:
            self.outside, self.here = "known", self.there | {"Title": None, "MailingCountry": None}


@dataclass
class World:
    connection: Connection
    seller: Seller
    standings: dict[str, Standing] = field(default_factory=dict)
    filter: str | None = None
    made: int = 0

    def do(self, step: Step) -> None:
        what, which, value = step
        alive = [sid for sid, standing in self.standings.items() if standing.there is not None]
        if what == "filter":
            self.filter_by(value)
        elif what == "create" or not alive:
            self.create(value)
        elif what == "delete":
            self.delete(alive[which % len(alive)])
        else:
            self.change(alive[which % len(alive)], what, value)

    def filter_by(self, country: str | None) -> None:
        if country == self.filter:
            return
        self.filter = country
        condition = {"field": "MailingCountry", "operator": "eq", "value": country}
        SyncSettings.objects.update(filters={"Contact": [condition]} if country else {})
        SyncedObject.objects.filter(name="Contact").update(read_again=True)

    def create(self, country: str | None) -> None:
        self.made += 1
        values = {"LastName": f"No {self.made}", "Title": f"T{self.made}", "MailingCountry": country}
        self.standings[self.seller.create("Contact", **values)] = Standing(values)

    def change(self, sid: str, name: str, value: str | None) -> None:
        self.made += 1
        given = value if name == "MailingCountry" else f"{name} {self.made}"
        self.seller.change("Contact", sid, **{name: given})
        self.standings[sid].there = (self.standings[sid].there or {}) | {name: given}

    def delete(self, sid: str) -> None:
        self.seller.delete("Contact", sid)
        self.standings[sid].there = None

    def pull(self) -> None:
        run = live.pull(self.connection)
        assert run.state == "succeeded", run.error
        for standing in self.standings.values():
            standing.pulled(self.filter)

    def check(self) -> None:
        links = {link.salesforce_id: link for link in RecordLink.objects.filter(salesforce_object="Contact")}
        people = Contact.objects.in_bulk([link.record_id or 0 for link in links.values()])
        for sid, standing in self.standings.items():
            link = links.get(sid)
            if standing.there is None:
                assert link is None or link.state == "gone"
                continue
            assert link is not None
            person = people[link.record_id or 0]
            assert (link.state, link.outside, person.hidden) == (
                "linked",
                standing.outside,
                bool(standing.outside),
            )
            assert (person.last_name, person.title, person.country) == (
                standing.here["LastName"],
                standing.here["Title"] or "",
                standing.here["MailingCountry"] or "",
            )
        outside = sum(bool(link.outside) for link in links.values() if link.state == "linked")
        contacts = SyncedObject.objects.get(name="Contact")
        assert (contacts.outside, contacts.hidden) == (outside, outside)
        assert not OutboxEntry.objects.exists()


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxOrg]:
    with sandbox_org(tmp_path_factory.mktemp("filters"), org_name="Acme") as running:
        yield running


@pytest.fixture
def world(process: SandboxOrg, db: None) -> World:
    connection = live.connect(process)
    SyncSettings.objects.update(pull_deals=False)
    return World(connection, Seller(process))


STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["create", "MailingCountry", "MailingCountry", "Title", "LastName", "delete", "filter"]
        ),
        st.integers(0, 9),
        st.sampled_from(COUNTRIES),
    ),
    max_size=5,
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(STEPS, min_size=2, max_size=5))
def test_each_contact_stands_as_the_filter_and_its_history_say(
    world: World, rounds: list[list[Step]]
) -> None:
    """The world of one script is that of the next: what they leave there is part of it."""
    for steps in rounds:
        for step in steps:
            world.do(step)
        world.pull()
        world.check()

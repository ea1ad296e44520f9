from collections.abc import Iterator, Sequence
from decimal import Decimal
from threading import Thread

import pytest

from crm.models import Deal, DealStage, Pipeline
from crm.tests.factories import make_user
from integrations.configuration import import_configuration
from integrations.configuration.workspace import Workspace
from integrations.models import (
    Connection,
    ObjectSchema,
    OutdatedAgreement,
    SalesforceOwner,
    SyncedObject,
    SyncRun,
    SyncSettings,
)
from integrations.salesforce.org import Org
from integrations.sync.preparing import prepare, read_schema
from integrations.sync.stages import follow_stages
from integrations.tests.conftest import NOON
from integrations.tests.pull.pulling import start_meanwhile
from integrations.tokens import open_org
from mappings.models import FieldMap


@pytest.fixture
def org(connected: Connection) -> Iterator[Org]:
    opened = open_org(connected, feature="test")
    yield opened
    opened.close()


def test_preparing_reads_the_schema_and_writes_default_maps(connected: Connection, org: Org) -> None:
    prepare(connected, org, now=NOON)
    assert ObjectSchema.objects.filter(name__in=["Account", "Contact", "Lead", "Opportunity"]).count() == 4
    assert FieldMap.objects.filter(object="Contact", field="email", salesforce="Email").exists()
    assert SyncedObject.objects.count() == 5
    assert connected.prepared_at == NOON


def test_preparing_starts_reading_in_advance(connected: Connection, org: Org) -> None:
    run = prepare(connected, org, now=NOON)
    assert run is not None
    assert (run.kind, run.trigger) == (SyncRun.Kind.EXTRACT, SyncRun.Trigger.FIRST)


def test_preparing_again_keeps_what_was_edited(connected: Connection, org: Org) -> None:
    prepare(connected, org, now=NOON)
    FieldMap.objects.filter(object="Contact").exclude(field="email").delete()
    assert prepare(connected, org, now=NOON) is None
    assert FieldMap.objects.filter(object="Contact").count() == 1
    assert Pipeline.objects.count() == 1


def test_a_field_of_another_type_is_agreed_on_anew(connected: Connection, org: Org) -> None:
    prepare(connected, org, now=NOON)
    schema = ObjectSchema.objects.get(name="Account")
    for field in schema.describe["fields"]:
        field["type"] = {"NumberOfEmployees": "string", "Phone": "string"}.get(field["name"], field["type"])
    schema.save()
    read_schema(connected, org, ("Account",), now=NOON)
    (outdated,) = OutdatedAgreement.objects.all()
    assert str(outdated) == "Account.NumberOfEmployees"
    assert SyncedObject.objects.get(name="Account").read_again


@pytest.mark.django_db(transaction=True)
def test_a_new_type_and_a_saved_map_wait_for_each_other(
    connected: Connection, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(connected, org, now=NOON)
    schema = ObjectSchema.objects.get(name="Account")
    next(field for field in schema.describe["fields"] if field["name"] == "Phone")["type"] = "double"
    schema.save()
    read, others = Workspace.read, list[Thread]()

    def read_beside() -> Workspace:
        others.append(start_meanwhile(lambda: read_schema(connected, org, ("Account",), now=NOON)))
        return read()

    monkeypatch.setattr(Workspace, "read", read_beside)
    import_configuration({"values": {"Contact.LeadSource": {"Web": "Search"}}}, actor=None, now=NOON)
    others[0].join()
    assert SyncSettings.objects.get().maps_version == 2


def test_the_pipeline_follows_the_orgs_stages_in_order(connected: Connection, org: Org) -> None:
    follow_stages(connected, org)
    stages = list(Pipeline.objects.get(name="Salesforce", locked=True).stages.order_by("position"))
    assert stages[0].name == "Prospecting"
    assert stages[0].probability == Decimal(10)
    assert [(stage.name, stage.is_won) for stage in stages if stage.is_closed] == [
        ("Closed Won", True),
        ("Closed Lost", False),
    ]


def test_a_stage_that_is_gone_goes_once_no_deal_stands_in_it(connected: Connection, org: Org) -> None:
    follow_stages(connected, org)
    pipeline = Pipeline.objects.get()
    DealStage.objects.create(pipeline=pipeline, name="Empty", position=90)
    used = DealStage.objects.create(pipeline=pipeline, name="Used", position=91)
    deal = Deal.objects.create(name="Big", stage=used)
    follow_stages(connected, org)
    used.refresh_from_db()
    assert not used.is_active
    assert not DealStage.objects.filter(name="Empty").exists()
    deal.delete()
    follow_stages(connected, org)
    assert not DealStage.objects.filter(name="Used").exists()


def test_owners_are_matched_by_email_whatever_its_case(connected: Connection, org: Org) -> None:
    sally = make_user(email="SALES@acme.example")
    prepare(connected, org, now=NOON)
    assert SalesforceOwner.objects.get(email="sales@acme.example").user == sally


def test_a_match_made_by_hand_is_kept(connected: Connection, org: Org) -> None:
    prepare(connected, org, now=NOON)
    someone = make_user(email="someone@acme.example")
    SalesforceOwner.objects.filter(email="sales@acme.example").update(user=someone, by_hand=True)
    make_user(email="sales@acme.example")
    prepare(connected, org, now=NOON)
    assert SalesforceOwner.objects.get(email="sales@acme.example").user == someone


def test_inactive_owners_are_kept_but_match_nobody(connected: Connection, org: Org) -> None:
    make_user(email="former.rep@acme.example")
    prepare(connected, org, now=NOON)
    former = SalesforceOwner.objects.get(email="former.rep@acme.example")
    assert not former.is_active
    assert former.user is None


class Blind:
    """An org whose user can't see anything."""

    def describe_many(self, names: Sequence[str]) -> dict[str, None]:
        return dict.fromkeys(names)


def test_an_object_the_user_cant_see_rests_with_the_reason(connection: Connection) -> None:
    SyncedObject.objects.create(connection=connection, name="Lead")
    read_schema(connection, Blind(), ("Lead",), now=NOON)  # type: ignore[arg-type]  # a stand-in for the door
    assert "can't see Lead" in SyncedObject.objects.get().suspended

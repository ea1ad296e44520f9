import pytest

from integrations.salesforce import oauth
from integrations.salesforce.describes import ObjectDescribe
from integrations.salesforce.errors import Gone
from integrations.salesforce.oauth import Grant
from integrations.salesforce.org import Org

OBJECTS = ("Account", "Contact", "Lead", "Opportunity")


def described(org: Org, sobject: str) -> ObjectDescribe:
    found = org.describe(sobject)
    assert found is not None
    return found


def test_the_org_speaks_our_version(org: Org) -> None:
    assert org.api_version in [item.version for item in org.versions()]


def test_the_organization_is_the_one_signed_in_to(org: Org, grant: Grant) -> None:
    info = org.organization()
    assert info.id == grant.org_id
    assert info.name


def test_the_global_describe_lists_what_we_sync(org: Org) -> None:
    listed = {item.name: item for item in org.describe_global()}
    assert all(listed[name].queryable and listed[name].replicateable for name in OBJECTS)
    assert listed["Contact"].key_prefix == "003"


def test_several_describes_are_one_call_and_what_isnt_there_is_none(org: Org) -> None:
    before = org.calls
    found = org.describe_many(["Contact", "Nothing__c", "Lead"])
    assert org.calls == before + 1
    assert [name for name, described in found.items() if described is None] == ["Nothing__c"]
    assert found["Lead"] is not None
    assert found["Lead"].raw == described(org, "Lead").raw


@pytest.mark.parametrize(
    ("sobject", "required"),
    [
        ("Account", {"Name"}),
        ("Contact", {"LastName"}),
        ("Lead", {"LastName", "Company"}),
        ("Opportunity", {"Name", "StageName", "CloseDate"}),
    ],
)
def test_a_describe_tells_what_is_required(org: Org, sobject: str, required: set[str]) -> None:
    fields = described(org, sobject).fields
    assert required <= {item.name for item in fields if item.required_on_create}


def test_a_describe_tells_what_may_be_written(org: Org) -> None:
    contact = described(org, "Contact")
    last_name, stamp, account = (contact.field(name) for name in ("LastName", "SystemModstamp", "AccountId"))
    assert last_name is not None
    assert stamp is not None
    assert account is not None
    assert last_name.updateable
    assert not stamp.updateable
    assert account.reference_to == ("Account",)


def test_a_describe_that_did_not_change_is_not_sent_again(org: Org) -> None:
    contact = described(org, "Contact")
    if contact.last_modified is None:
        pytest.skip("this org gives describes no Last-Modified")
    assert org.describe("Contact", if_modified_since=contact.last_modified) is None


def test_an_object_that_is_not_there_is_gone(org: Org) -> None:
    with pytest.raises(Gone):
        org.describe("NoSuchThing__c")


def test_the_stages_come_as_a_picklist(org: Org) -> None:
    stages = org.picklist_values("Opportunity")["StageName"]
    assert "Closed Won" in [item.value for item in stages.values]


def test_limits_count_the_calls(org: Org) -> None:
    calls = org.limits().daily_calls
    assert calls is not None
    assert 0 <= calls.remaining <= calls.max


def test_record_counts_are_numbers(org: Org) -> None:
    assert all(count >= 0 for count in org.record_counts(OBJECTS).values())


def test_the_identity_is_the_user_of_the_grant(grant: Grant) -> None:
    found = oauth.identity(grant)
    assert (found.user_id, found.org_id, found.active) == (grant.user_id, grant.org_id, True)
    assert "@" in found.username

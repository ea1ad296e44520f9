"""A new org's first rows: itself, its administrator, its stages, lists and record types."""

from typing import TYPE_CHECKING, Any

from sandbox.schema.catalogue import standard_objects
from sandbox.schema.catalogue.activities import PRIORITIES, TASK_STATUSES
from sandbox.schema.catalogue.opportunities import STAGES

if TYPE_CHECKING:
    from sandbox.org import Org

BARE = frozenset({"User", "Group", "Profile", "RecordType", "Organization", "TaskStatus", "TaskPriority"})
BARE |= {"OpportunityStage"}
_HISTORIC = ("Financial Setup", 100, "Closed", "Closed")


def found(org: "Org", *, standard: bool, organization_id: str | None, name: str) -> None:
    """Makes the objects (`standard=False`: only those of the org itself, for describes to be loaded) and
    rows.
    """
    with org.transaction():
        for kind in standard_objects():
            if standard or kind.name in BARE:
                org.install(kind)
        _people(org)
        _company(org, organization_id, name)
        _stages(org)
        _lists(org)
        if standard:
            _record_types(org)


def _people(org: "Org") -> None:
    profiles: list[dict[str, Any]] = [
        {"Name": "System Administrator", "UserType": "Standard"},
        {"Name": "Standard User", "UserType": "Standard"},
    ]
    (admin_id,) = org.store.next_ids("005")
    org.store.set_setting("admin_id", admin_id)
    profile_ids = org.raw_insert("Profile", profiles)
    admin = {"Id": admin_id, "Username": "admin@sandbox-org.example", "Email": "admin@sandbox-org.example"}
    admin |= {"FirstName": "Ada", "LastName": "Admin", "Alias": "aadmin", "ProfileId": profile_ids[0]}
    org.raw_insert("User", [{**admin, "IsActive": True, "CommunityNickname": "ada.admin"}])


def _company(org: "Org", id: str | None, name: str) -> None:
    row: dict[str, Any] = {"Name": name, "OrganizationType": "Enterprise Edition", "InstanceName": "SBX1"}
    row |= {"IsSandbox": True, "FiscalYearStartMonth": 1} | ({"Id": id} if id else {})
    (organization_id,) = org.raw_insert("Organization", [row])
    org.store.set_setting("organization_id", organization_id)


def _stages(org: "Org") -> None:
    rows = [_stage(stage, order) for order, stage in enumerate(STAGES, 1)]
    retired = {**_stage(_HISTORIC, None), "IsActive": False}
    org.raw_insert("OpportunityStage", [*rows, retired])


def _stage(stage: tuple[str, int, str, str], order: int | None) -> dict[str, Any]:
    name, probability, category, category_name = stage
    return {
        "MasterLabel": name,
        "ApiName": name,
        "IsActive": True,
        "SortOrder": order,
        "IsClosed": probability in {0, 100},
        "IsWon": probability == 100,
        "DefaultProbability": probability,
        "ForecastCategory": category,
        "ForecastCategoryName": category_name,
    }


def _lists(org: "Org") -> None:
    def rows(names: list[str], column: str, marked: str, default: str) -> list[dict[str, Any]]:
        return [
            {"MasterLabel": n, "ApiName": n, "SortOrder": at, column: n == marked, "IsDefault": n == default}
            for at, n in enumerate(names, 1)
        ]

    org.raw_insert("TaskStatus", rows(TASK_STATUSES, "IsClosed", "Completed", "Not Started"))
    org.raw_insert("TaskPriority", rows(PRIORITIES, "IsHighPriority", "High", "Normal"))


def _record_types(org: "Org") -> None:
    """Two each for accounts and opportunities, with different picklists."""
    org.add_record_type("Account", "Business Account", "Business_Account", default=True)
    partner = {"Type": ["Partner", "Reseller", "Integrator"], "Tier__c": ["Gold", "Silver"]}
    org.add_record_type("Account", "Partner Account", "Partner_Account", picklists=partner)
    org.add_record_type("Opportunity", "New Business", "New_Business", default=True)
    short = ["Qualification", "Proposal/Price Quote", "Closed Won", "Closed Lost"]
    renewal = {"StageName": short, "Tier__c": ["Gold"], "Type": ["Existing Business"]}
    org.add_record_type("Opportunity", "Renewal", "Renewal", picklists=renewal)

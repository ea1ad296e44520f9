"""Opportunity, its stages and the roles of contacts in it."""

from typing import Any

from sandbox.schema.blocks import (
    LEAD_SOURCES,
    custom_fields,
    deleted,
    id_field,
    owner,
    record_type,
    stamps,
    viewed,
)
from sandbox.schema.fields import Field, make
from sandbox.schema.objects import ObjectType, make_object

# name, probability, forecast category, forecast category name: the stages of a new org, in order
STAGES = [
    ("Prospecting", 10, "Pipeline", "Pipeline"),
    ("Qualification", 10, "Pipeline", "Pipeline"),
    ("Needs Analysis", 20, "Pipeline", "Pipeline"),
    ("Value Proposition", 50, "Pipeline", "Pipeline"),
    ("Id. Decision Makers", 60, "Pipeline", "Pipeline"),
    ("Perception Analysis", 70, "Pipeline", "Pipeline"),
    ("Proposal/Price Quote", 75, "Pipeline", "Pipeline"),
    ("Negotiation/Review", 90, "Pipeline", "Pipeline"),
    ("Closed Won", 100, "Closed", "Closed"),
    ("Closed Lost", 0, "Omitted", "Omitted"),
]
FORECASTS = ["Omitted", "Pipeline", "BestCase", "MostLikely", "Forecast", "Closed"]
FORECAST_NAMES = ["Omitted", "Pipeline", "Best Case", "Commit", "Closed"]
TYPES = ["Existing Business", "New Business"]
ROLES = ["Business User", "Decision Maker", "Economic Buyer", "Economic Decision Maker", "Evaluator"]
ROLES += ["Executive Sponsor", "Influencer", "Technical Buyer", "Other"]


def _forecast() -> list[Field]:
    by_stage: dict[str, Any] = {"nillable": False, "defaultedOnCreate": True}
    return [
        make(
            *("ForecastCategory", "Forecast Category", "picklist", 40),
            values=FORECASTS,
            restrictedPicklist=True,
            readonly=True,
            **by_stage,
        ),
        make(
            *("ForecastCategoryName", "Forecast Category", "picklist"),
            values=FORECAST_NAMES,
            restrictedPicklist=True,
        ),
    ]


def opportunity() -> ObjectType:
    fields = [
        id_field("Opportunity"),
        deleted(),
        make("AccountId", "Account ID", "reference", to="Account", child="Opportunities", cascade=True),
        record_type(),
        make("IsPrivate", "Private", "boolean"),
        make("Name", "Name", "string", 120, required=True, nameField=True),
        make("Description", "Description", "textarea", 32000),
        make("StageName", "Stage", "picklist", values=[row[0] for row in STAGES], required=True),
        make("Amount", "Amount", "currency", precision=18, scale=2),
        make("Probability", "Probability (%)", "percent", precision=3, scale=0, defaultedOnCreate=True),
        make("ExpectedRevenue", "Expected Amount", "currency", precision=18, scale=2, readonly=True),
        make("TotalOpportunityQuantity", "Quantity", "double", precision=18, scale=2),
        make("CloseDate", "Close Date", "date", required=True),
        make("Type", "Opportunity Type", "picklist", values=TYPES),
        make("NextStep", "Next Step", "string", 255),
        make("LeadSource", "Lead Source", "picklist", values=LEAD_SOURCES),
        make("IsClosed", "Closed", "boolean", readonly=True),
        make("IsWon", "Won", "boolean", readonly=True),
        *_forecast(),
        make("HasOpportunityLineItem", "Has Line Item", "boolean", readonly=True),
        owner(),
        *stamps(),
        *viewed(),
        make("FiscalQuarter", "Fiscal Quarter", "int", digits=9, readonly=True),
        make("FiscalYear", "Fiscal Year", "int", digits=9, readonly=True),
        make("Fiscal", "Fiscal Period", "string", 6, readonly=True),
        make(
            *("ContactId", "Contact ID", "reference"), to="Contact", child="Opportunities", updateable=False
        ),
        make("LastStageChangeDate", "Last Stage Change Date", "datetime", readonly=True),
        *custom_fields(),
    ]
    return make_object("Opportunity", "Opportunity", "006", fields, labelPlural="Opportunities")


def stage() -> ObjectType:
    fields = [
        id_field("Opportunity Stage"),
        make("MasterLabel", "Master Label", "string", 255, readonly=True, nameField=True),
        make("ApiName", "API Name", "string", 255, readonly=True),
        make("IsActive", "Is Active", "boolean", readonly=True),
        make("SortOrder", "Order", "int", digits=9, readonly=True),
        make("IsClosed", "Closed", "boolean", readonly=True),
        make("IsWon", "Won", "boolean", readonly=True),
        make("ForecastCategory", "Forecast Category", "picklist", 40, values=FORECASTS, readonly=True),
        make(
            "ForecastCategoryName", "Forecast Category Name", "picklist", values=FORECAST_NAMES, readonly=True
        ),
        make("DefaultProbability", "Probability (%)", "percent", precision=3, readonly=True),
        make("Description", "Description", "string", 255, readonly=True),
        *stamps(),
    ]
    fixed: dict[str, Any] = {
        "createable": False,
        "updateable": False,
        "deletable": False,
        "replicateable": False,
    }
    return make_object("OpportunityStage", "Opportunity Stage", "01J", fields, undeletable=False, **fixed)


def contact_role() -> ObjectType:
    roles: dict[str, Any] = {
        "child": "OpportunityContactRoles",
        "cascade": True,
        "required": True,
        "updateable": False,
    }
    fields = [
        id_field("Contact Role"),
        make("OpportunityId", "Opportunity ID", "reference", to="Opportunity", **roles),
        make("ContactId", "Contact ID", "reference", to="Contact", **{**roles, "updateable": True}),
        make("Role", "Role", "picklist", 40, values=ROLES),
        make("IsPrimary", "Primary", "boolean"),
        *stamps(),
        deleted(),
    ]
    return make_object("OpportunityContactRole", "Opportunity Contact Role", "00K", fields)

"""Account."""

from sandbox.schema.blocks import (
    INDUSTRIES,
    LEAD_SOURCES,
    RATINGS,
    address,
    custom_fields,
    deleted,
    id_field,
    owner,
    phone,
    record_type,
    stamps,
    viewed,
)
from sandbox.schema.fields import make
from sandbox.schema.objects import ObjectType, make_object

TYPES = ["Analyst", "Competitor", "Customer", "Integrator", "Investor", "Partner", "Press", "Prospect"]
TYPES += ["Reseller", "Other"]
CLEAN = ["Matched", "Different", "Acknowledged", "NotFound", "Inactive", "Pending", "SelectMatch", "Skipped"]


def account() -> ObjectType:
    fields = [
        id_field("Account"),
        deleted(),
        make("MasterRecordId", "Master Record ID", "reference", to="Account", readonly=True),
        make(
            *("Name", "Account Name", "string", 255),
            required=True,
            nameField=True,
            extraTypeInfo="switchablepersonname",
        ),
        make("Type", "Account Type", "picklist", 40, values=TYPES),
        record_type(),
        make("ParentId", "Parent Account ID", "reference", to="Account", child="ChildAccounts"),
        *address("Billing", "Billing"),
        *address("Shipping", "Shipping"),
        phone("Phone", "Account Phone"),
        phone("Fax", "Account Fax"),
        make("AccountNumber", "Account Number", "string", 40),
        make("Website", "Website", "url"),
        make("PhotoUrl", "Photo URL", "url", readonly=True, extraTypeInfo="imageurl"),
        make("Sic", "SIC Code", "string", 20),
        make("Industry", "Industry", "picklist", 40, values=INDUSTRIES),
        make("AnnualRevenue", "Annual Revenue", "currency", precision=18, scale=0),
        make("NumberOfEmployees", "Employees", "int", digits=8),
        make("Ownership", "Ownership", "picklist", 40, values=["Public", "Private", "Subsidiary", "Other"]),
        make("TickerSymbol", "Ticker Symbol", "string", 20),
        make("Description", "Account Description", "textarea", 32000),
        make("Rating", "Account Rating", "picklist", 40, values=RATINGS),
        make("Site", "Account Site", "string", 80),
        owner(),
        *stamps(),
        *viewed(),
        make("Jigsaw", "Data.com Key", "string", 20),
        make("JigsawCompanyId", "Jigsaw Company ID", "string", 20, readonly=True),
        make("CleanStatus", "Clean Status", "picklist", 40, values=CLEAN, restrictedPicklist=True),
        make("AccountSource", "Account Source", "picklist", 40, values=LEAD_SOURCES),
        make("DunsNumber", "D-U-N-S Number", "string", 9),
        make("SicDesc", "SIC Description", "string", 80),
        make("YearStarted", "Year Started", "string", 4),
        *custom_fields(),
    ]
    return make_object("Account", "Account", "001", fields, mergeable=True)

"""Lead."""

from sandbox.schema.blocks import (
    INDUSTRIES,
    LEAD_SOURCES,
    RATINGS,
    address,
    custom_fields,
    deleted,
    id_field,
    owner,
    person_name,
    phone,
    stamps,
    viewed,
)
from sandbox.schema.catalogue.accounts import CLEAN
from sandbox.schema.fields import make
from sandbox.schema.objects import ObjectType, make_object

STATUSES = ["Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted"]


def lead() -> ObjectType:
    fields = [
        id_field("Lead"),
        deleted(),
        make("MasterRecordId", "Master Record ID", "reference", to="Lead", readonly=True),
        *person_name("Full Name"),
        make("Title", "Title", "string", 128),
        make("Company", "Company", "string", 255, required=True),
        *address("", ""),
        phone("Phone", "Phone"),
        phone("MobilePhone", "Mobile Phone"),
        phone("Fax", "Fax"),
        make("Email", "Email", "email"),
        make("Website", "Website", "url"),
        make("PhotoUrl", "Photo URL", "url", readonly=True, extraTypeInfo="imageurl"),
        make("Description", "Description", "textarea", 32000),
        make("LeadSource", "Lead Source", "picklist", values=LEAD_SOURCES),
        make(
            "Status",
            "Status",
            "picklist",
            values=STATUSES,
            default=STATUSES[0],
            nillable=False,
            permissionable=False,
        ),
        make("Industry", "Industry", "picklist", values=INDUSTRIES),
        make("Rating", "Rating", "picklist", values=RATINGS),
        make("AnnualRevenue", "Annual Revenue", "currency", precision=18, scale=0),
        make("NumberOfEmployees", "Employees", "int", digits=8),
        owner(["Group", "User"]),
        make("HasOptedOutOfEmail", "Email Opt Out", "boolean"),
        make("HasOptedOutOfFax", "Fax Opt Out", "boolean"),
        make("DoNotCall", "Do Not Call", "boolean"),
        make("IsConverted", "Converted", "boolean", updateable=False),
        make("ConvertedDate", "Converted Date", "date", readonly=True),
        make("ConvertedAccountId", "Converted Account ID", "reference", to="Account", readonly=True),
        make("ConvertedContactId", "Converted Contact ID", "reference", to="Contact", readonly=True),
        make(
            "ConvertedOpportunityId", "Converted Opportunity ID", "reference", to="Opportunity", readonly=True
        ),
        make("IsUnreadByOwner", "Unread By Owner", "boolean", permissionable=False),
        *stamps(),
        *viewed(),
        make("Jigsaw", "Data.com Key", "string", 20),
        make("JigsawContactId", "Jigsaw Contact ID", "string", 20, readonly=True),
        make("CleanStatus", "Clean Status", "picklist", 40, values=CLEAN, restrictedPicklist=True),
        make("CompanyDunsNumber", "Company D-U-N-S Number", "string", 9),
        make(
            "EmailBouncedReason",
            "Email Bounced Reason",
            "string",
            255,
            createable=False,
            permissionable=False,
        ),
        make("EmailBouncedDate", "Email Bounced Date", "datetime", createable=False, permissionable=False),
        *custom_fields(),
    ]
    return make_object("Lead", "Lead", "00Q", fields, mergeable=True)

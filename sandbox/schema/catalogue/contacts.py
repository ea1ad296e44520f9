"""Contact."""

from sandbox.schema.blocks import (
    LEAD_SOURCES,
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


def contact() -> ObjectType:
    fields = [
        id_field("Contact"),
        deleted(),
        make("MasterRecordId", "Master Record ID", "reference", to="Contact", readonly=True),
        make("AccountId", "Account ID", "reference", to="Account", child="Contacts", cascade=True),
        *person_name("Full Name"),
        *address("Other", "Other"),
        *address("Mailing", "Mailing"),
        phone("Phone", "Business Phone"),
        phone("Fax", "Business Fax"),
        phone("MobilePhone", "Mobile Phone"),
        phone("HomePhone", "Home Phone"),
        phone("OtherPhone", "Other Phone"),
        phone("AssistantPhone", "Asst. Phone"),
        make("ReportsToId", "Reports To ID", "reference", to="Contact"),
        make("Email", "Email", "email"),
        make("Title", "Title", "string", 128),
        make("Department", "Department", "string", 80),
        make("AssistantName", "Assistant's Name", "string", 40),
        make("LeadSource", "Lead Source", "picklist", values=LEAD_SOURCES),
        make("Birthdate", "Birthdate", "date"),
        make("Description", "Contact Description", "textarea", 32000),
        owner(),
        make("HasOptedOutOfEmail", "Email Opt Out", "boolean"),
        make("HasOptedOutOfFax", "Fax Opt Out", "boolean"),
        make("DoNotCall", "Do Not Call", "boolean"),
        *stamps(),
        *viewed(),
        make("LastCURequestDate", "Last Stay-in-Touch Request Date", "datetime", readonly=True),
        make("LastCUUpdateDate", "Last Stay-in-Touch Save Date", "datetime", readonly=True),
        make("EmailBouncedReason", "Email Bounced Reason", "string", 255, permissionable=False),
        make("EmailBouncedDate", "Email Bounced Date", "datetime", permissionable=False),
        make("IsEmailBounced", "Is Email Bounced", "boolean", readonly=True),
        make("PhotoUrl", "Photo URL", "url", readonly=True, extraTypeInfo="imageurl"),
        make("Jigsaw", "Data.com Key", "string", 20),
        make("JigsawContactId", "Jigsaw Contact ID", "string", 20, readonly=True),
        make("CleanStatus", "Clean Status", "picklist", 40, values=CLEAN, restrictedPicklist=True),
        *custom_fields(),
    ]
    return make_object("Contact", "Contact", "003", fields, mergeable=True)

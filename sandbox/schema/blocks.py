"""Groups of fields that many objects share."""

from typing import Any

from sandbox.schema.fields import Field, make

GEOCODES = ["Address", "NearAddress", "Block", "Street", "ExtendedZip", "Zip", "Neighborhood", "City"]
GEOCODES += ["County", "State", "Unknown"]
INDUSTRIES = [
    "Agriculture",
    "Apparel",
    "Banking",
    "Biotechnology",
    "Chemicals",
    "Communications",
    "Construction",
]
INDUSTRIES += [
    "Consulting",
    "Education",
    "Electronics",
    "Energy",
    "Engineering",
    "Entertainment",
    "Environmental",
]
INDUSTRIES += [
    "Finance",
    "Food & Beverage",
    "Government",
    "Healthcare",
    "Hospitality",
    "Insurance",
    "Machinery",
]
INDUSTRIES += ["Manufacturing", "Media", "Not For Profit", "Recreation", "Retail", "Shipping", "Technology"]
INDUSTRIES += ["Telecommunications", "Transportation", "Utilities", "Other"]
LEAD_SOURCES = ["Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other"]
RATINGS = ["Hot", "Warm", "Cold"]
SALUTATIONS = ["Mr.", "Ms.", "Mrs.", "Dr.", "Prof."]
TIERS = ["Gold", "Silver", "Bronze"]
REGIONS = ["EMEA", "AMER", "APAC", "LATAM"]


def id_field(label: str) -> Field:
    return make(
        "Id", f"{label} ID", "id", readonly=True, nillable=False, defaultedOnCreate=True, idLookup=True
    )


def deleted() -> Field:
    return make("IsDeleted", "Deleted", "boolean", readonly=True)


def stamps() -> list[Field]:
    """Who and when, at creation and at the last change."""
    always: dict[str, Any] = {"readonly": True, "nillable": False, "defaultedOnCreate": True}
    return [
        make("CreatedDate", "Created Date", "datetime", **always),
        make("CreatedById", "Created By ID", "reference", to="User", **always),
        make("LastModifiedDate", "Last Modified Date", "datetime", **always),
        make("LastModifiedById", "Last Modified By ID", "reference", to="User", **always),
        make("SystemModstamp", "System Modstamp", "datetime", **always),
    ]


def viewed() -> list[Field]:
    return [
        make("LastActivityDate", "Last Activity", "date", readonly=True),
        make("LastViewedDate", "Last Viewed Date", "datetime", readonly=True),
        make("LastReferencedDate", "Last Referenced Date", "datetime", readonly=True),
    ]


def owner(to: str | list[str] = "User") -> Field:
    return make(
        "OwnerId",
        "Owner ID",
        "reference",
        to=to,
        nillable=False,
        defaultedOnCreate=True,
        permissionable=False,
    )


def record_type() -> Field:
    return make("RecordTypeId", "Record Type ID", "reference", to="RecordType", permissionable=False)


def address(prefix: str, label: str) -> list[Field]:
    """The parts of an address and the compound that puts them together; the prefix may be empty (Lead,
    User).
    """
    compound = f"{prefix}Address"
    words = f"{label} " if label else ""

    def part(name: str, title: str, type: str, length: int | None = None, **given: Any) -> Field:
        return make(f"{prefix}{name}", words + title, type, length, compoundFieldName=compound, **given)

    return [
        part("Street", "Street", "textarea", 255),
        part("City", "City", "string", 40),
        part("State", "State/Province", "string", 80),
        part("PostalCode", "Zip/Postal Code", "string", 20),
        part("Country", "Country", "string", 80),
        part("Latitude", "Latitude", "double", precision=18, scale=15),
        part("Longitude", "Longitude", "double", precision=18, scale=15),
        part("GeocodeAccuracy", "Geocode Accuracy", "picklist", 40, values=GEOCODES, restrictedPicklist=True),
        make(compound, f"{words}Address", "address"),
    ]


def person_name(label: str, length: int = 121) -> list[Field]:
    """The parts of a person's name; `Name` itself is put together when a row is written."""
    info: dict[str, Any] = {"extraTypeInfo": "personname", "compoundFieldName": "Name"}
    return [
        make("LastName", "Last Name", "string", 80, required=True, **info),
        make("FirstName", "First Name", "string", 40, **{**info, "permissionable": False}),
        make(
            "Salutation",
            "Salutation",
            "picklist",
            40,
            values=SALUTATIONS,
            **{**info, "permissionable": False},
        ),
        make(
            "Name",
            label,
            "string",
            length,
            readonly=True,
            nillable=False,
            nameField=True,
            extraTypeInfo="personname",
        ),
    ]


def phone(name: str, label: str) -> Field:
    return make(name, label, "phone", 40)


def custom_fields() -> list[Field]:
    """The custom fields that all four sales objects of the demo org share, one of every kind."""
    return [
        make("Tier__c", "Tier", "picklist", values=TIERS, restrictedPicklist=True),
        make("Region__c", "Region", "picklist", values=REGIONS),
        make("Score__c", "Score", "double", precision=5, scale=1),
        make("Renewal_Date__c", "Renewal Date", "date"),
        make("Notes__c", "Notes", "textarea", 32768),
        make("Is_Partner__c", "Partner", "boolean"),
        make(
            "Interests__c", "Interests", "multipicklist", values=["Analytics", "Outreach", "Data", "Training"]
        ),
        make("LinkedIn__c", "LinkedIn", "url"),
        make("Last_Scored_At__c", "Last Scored At", "datetime"),
        make(
            *("Segment__c", "Segment", "string", 1300),
            formula="""coalesce("Region__c", '') || ' / ' || coalesce("Tier__c", '')""",
            calculatedFormula="TEXT(Region__c) & ' / ' & TEXT(Tier__c)",
        ),
    ]

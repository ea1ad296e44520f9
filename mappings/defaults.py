"""The field maps written on connect (spec F1, F4): what most orgs expect, to be edited on a page."""

from mappings.models import Direction, FieldMap

ADDRESS = (
    ("street", "Street"),
    ("city", "City"),
    ("state", "State"),
    ("postal_code", "PostalCode"),
    ("country", "Country"),
)


def _address(prefix: str) -> list[tuple[str, str]]:
    return [(field, prefix + name) for field, name in ADDRESS]


DEFAULT_MAPS: dict[str, list[tuple[str, str]]] = {
    "Account": [
        ("name", "Name"),
        ("website", "Website"),
        ("phone", "Phone"),
        ("industry", "Industry"),
        ("employees", "NumberOfEmployees"),
        ("annual_revenue", "AnnualRevenue"),
        *_address("Billing"),
        ("description", "Description"),
        ("owner", "OwnerId"),
    ],
    "Contact": [
        ("first_name", "FirstName"),
        ("last_name", "LastName"),
        ("email", "Email"),
        ("title", "Title"),
        ("phone", "Phone"),
        ("mobile_phone", "MobilePhone"),
        ("home_phone", "HomePhone"),
        ("other_phone", "OtherPhone"),
        ("account", "AccountId"),
        *_address("Mailing"),
        ("source", "LeadSource"),
        ("email_opt_out", "HasOptedOutOfEmail"),
        ("do_not_call", "DoNotCall"),
        ("owner", "OwnerId"),
    ],
    "Lead": [
        ("first_name", "FirstName"),
        ("last_name", "LastName"),
        ("email", "Email"),
        ("title", "Title"),
        ("phone", "Phone"),
        ("mobile_phone", "MobilePhone"),
        ("company_name", "Company"),
        *_address(""),
        ("source", "LeadSource"),
        ("email_opt_out", "HasOptedOutOfEmail"),
        ("do_not_call", "DoNotCall"),
        ("owner", "OwnerId"),
    ],
    "Opportunity": [
        ("name", "Name"),
        ("amount", "Amount"),
        ("close_date", "CloseDate"),
        ("probability", "Probability"),
        ("next_step", "NextStep"),
        ("description", "Description"),
        ("stage", "StageName"),
        ("account", "AccountId"),
        ("owner", "OwnerId"),
    ],
}

NEVER_FILLED = frozenset({"phone", "mobile_phone", "home_phone", "other_phone", "owner", "account", "stage"})
"""Auto-fill starts off for phones (spec F4) and for what the people database doesn't hold."""

PULL_ONLY = frozenset({("Opportunity", "probability")})
"""Probability follows the stage (spec G4): pushed, it would overrule the org's own."""


def default_map(object_name: str, readable: frozenset[str]) -> list[FieldMap]:
    """Unsaved rows for the fields that the connected user can read."""
    rows = [row for row in DEFAULT_MAPS[object_name] if row[1] in readable]
    return [
        FieldMap(
            object=object_name,
            field=field,
            salesforce=salesforce,
            position=position,
            autofill=field not in NEVER_FILLED,
            direction=Direction.PULL if (object_name, field) in PULL_ONLY else Direction.BOTH,
        )
        for position, (field, salesforce) in enumerate(rows)
    ]

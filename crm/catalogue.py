"""The fields of accounts, people and deals that may be mapped to Salesforce."""

from functools import partial

from crm.models import CustomField
from mappings.catalogue import MappableField, built_in_fields, register
from mappings.field_types import FieldType as T

PERSON = partial(MappableField, "contact")
ACCOUNT = partial(MappableField, "account")
DEAL = partial(MappableField, "deal")


def text(
    make: partial[MappableField], key: str, label: str, type: T = T.TEXT, length: int = 255
) -> MappableField:
    return make(key, label, type, column=key, max_length=length)


def address(make: partial[MappableField]) -> list[MappableField]:
    return [
        make("street", "Street", T.LONG_TEXT, column="street"),
        text(make, "city", "City"),
        text(make, "state", "State or province"),
        text(make, "postal_code", "Postal code"),
        text(make, "country", "Country"),
    ]


ACCOUNT_FIELDS = [
    text(ACCOUNT, "name", "Name"),
    text(ACCOUNT, "domain", "Domain"),
    text(ACCOUNT, "website", "Website", T.URL),
    text(ACCOUNT, "phone", "Phone", T.PHONE),
    text(ACCOUNT, "industry", "Industry", T.PICKLIST),
    ACCOUNT("employees", "Employees", T.NUMBER, column="employees", max_digits=(18, 0)),
    ACCOUNT("annual_revenue", "Annual revenue", T.CURRENCY, column="annual_revenue", max_digits=(18, 2)),
    *address(ACCOUNT),
    ACCOUNT("description", "Description", T.LONG_TEXT, column="description"),
    ACCOUNT("stage", "Stage", T.STAGE, column="stage_id"),
    ACCOUNT("owner", "Owner", T.USER, column="owner_id"),
]

PERSON_FIELDS = [
    text(PERSON, "first_name", "First name"),
    text(PERSON, "last_name", "Last name"),
    text(PERSON, "email", "E-mail", T.EMAIL, 320),
    text(PERSON, "title", "Title"),
    text(PERSON, "phone", "Phone", T.PHONE),
    text(PERSON, "mobile_phone", "Mobile phone", T.PHONE),
    text(PERSON, "home_phone", "Home phone", T.PHONE),
    text(PERSON, "other_phone", "Other phone", T.PHONE),
    text(PERSON, "company_name", "Company name"),
    PERSON("account", "Account", T.ACCOUNT, column="account_id", only_for=frozenset({"Contact"})),
    *address(PERSON),
    text(PERSON, "source", "Source", T.PICKLIST),
    PERSON("email_opt_out", "Opted out of e-mail", T.CHECKBOX, column="email_opt_out"),
    PERSON("do_not_call", "Do not call", T.CHECKBOX, column="do_not_call"),
    PERSON("stage", "Stage", T.STAGE, column="stage_id"),
    PERSON("owner", "Owner", T.USER, column="owner_id"),
]

DEAL_FIELDS = [
    text(DEAL, "name", "Name"),
    DEAL("amount", "Amount", T.CURRENCY, column="amount", max_digits=(18, 2)),
    DEAL("close_date", "Close date", T.DATE, column="close_date"),
    DEAL("probability", "Probability", T.PERCENT, column="probability", max_digits=(3, 2)),
    text(DEAL, "next_step", "Next step"),
    DEAL("description", "Description", T.LONG_TEXT, column="description"),
    DEAL("stage", "Stage", T.STAGE, column="stage_id"),
    DEAL("account", "Account", T.ACCOUNT, column="account_id"),
    DEAL("owner", "Owner", T.USER, column="owner_id"),
]


def mappable_fields(kind: str) -> dict[str, MappableField]:
    """Every field of a kind that a map may name; the workspace's own ones as `custom.NAME`."""
    own = CustomField.objects.filter(kind=kind)
    return built_in_fields(kind) | {
        f"custom.{field.name}": MappableField(kind, f"custom.{field.name}", field.label, T(field.type))
        for field in own
    }


def register_fields() -> None:
    register(*ACCOUNT_FIELDS, *PERSON_FIELDS, *DEAL_FIELDS)

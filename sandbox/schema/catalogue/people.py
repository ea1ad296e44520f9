"""User, Group (queues) and Profile."""

from typing import Any

from sandbox.schema.blocks import address, id_field, phone, stamps
from sandbox.schema.fields import make
from sandbox.schema.objects import ObjectType, make_object

ZONES = ["Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles", "Asia/Tokyo", "GMT"]
LOCALES = ["en_US", "en_GB", "de_DE", "fr_FR", "ja_JP", "es_ES"]


def user() -> ObjectType:
    listed: dict[str, Any] = {"nillable": False, "restrictedPicklist": True, "permissionable": False}
    fields = [
        id_field("User"),
        make("Username", "Username", "string", 80, required=True, unique=True, idLookup=True),
        make("LastName", "Last Name", "string", 80, required=True, extraTypeInfo="personname"),
        make("FirstName", "First Name", "string", 40, extraTypeInfo="personname"),
        make("Name", "Full Name", "string", 121, readonly=True, nillable=False, nameField=True),
        make("CompanyName", "Company Name", "string", 80),
        make("Division", "Division", "string", 80),
        make("Department", "Department", "string", 80),
        make("Title", "Title", "string", 80),
        *address("", ""),
        make("Email", "Email", "email", 128, required=True),
        phone("Phone", "Phone"),
        phone("Fax", "Fax"),
        phone("MobilePhone", "Mobile"),
        make("Alias", "Alias", "string", 8, required=True),
        make("CommunityNickname", "Nickname", "string", 40, nillable=False, defaultedOnCreate=True),
        make("IsActive", "Active", "boolean"),
        make("TimeZoneSidKey", "Time Zone", "picklist", 40, values=ZONES, default="GMT", **listed),
        make("LocaleSidKey", "Locale", "picklist", 40, values=LOCALES, default="en_US", **listed),
        make("LanguageLocaleKey", "Language", "picklist", 40, values=LOCALES, default="en_US", **listed),
        make(
            "EmailEncodingKey", "Email Encoding", "picklist", 40, values=["UTF-8"], default="UTF-8", **listed
        ),
        make("ProfileId", "Profile ID", "reference", to="Profile", child="Users", required=True),
        make(
            "UserType",
            "User Type",
            "picklist",
            40,
            values=["Standard", "Guest"],
            default="Standard",
            readonly=True,
        ),
        make("EmployeeNumber", "Employee Number", "string", 20),
        make("ManagerId", "Manager ID", "reference", to="User"),
        make("LastLoginDate", "Last Login", "datetime", readonly=True),
        make("FederationIdentifier", "SAML Federation ID", "string", 512),
        *stamps(),
        make("FullPhotoUrl", "Url for full-sized Photo", "url", 1024, readonly=True),
        make("SmallPhotoUrl", "Url for Photo", "url", 1024, readonly=True),
    ]
    return make_object("User", "User", "005", fields, deletable=False, undeletable=False)


def group() -> ObjectType:
    fields = [
        id_field("Group"),
        make("Name", "Name", "string", 40, required=True, nameField=True),
        make("DeveloperName", "Developer Name", "string", 80),
        make(
            "Type",
            "Type",
            "picklist",
            40,
            values=["Regular", "Queue", "Organization"],
            restrictedPicklist=True,
        ),
        make("Email", "Email", "email", 255),
        make("DoesSendEmailToMembers", "Send Email to Members", "boolean"),
        make("DoesIncludeBosses", "Include Bosses", "boolean"),
        *stamps(),
    ]
    return make_object("Group", "Group", "00G", fields, undeletable=False, layoutable=False)


def profile() -> ObjectType:
    fields = [
        id_field("Profile"),
        make("Name", "Name", "string", 255, nameField=True, readonly=True),
        make("UserType", "User Type", "picklist", 40, values=["Standard"], readonly=True),
        make("Description", "Description", "string", 255, readonly=True),
        *stamps(),
    ]
    return make_object(
        "Profile", "Profile", "00e", fields, createable=False, deletable=False, layoutable=False
    )

"""Putting a seed into a new org: what every org has, and the demo on top."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.org import Org
from sandbox.seed.demo import Demo
from sandbox.seed.users import USERS, SeedUser

QUEUES = ("Inbound Leads", "Partner Leads")


@dataclass(frozen=True)
class Identity:
    """The org's own row."""

    org_id: str
    name: str
    production: bool


def plant(org: Org, seed: str, *, identity: Identity, now: datetime) -> None:
    with org.transaction():
        _organization(org, identity)
        _users(org)
        queues = _queues(org)
        if seed == "demo":
            Demo(org, now, queues).plant()


def _organization(org: Org, identity: Identity) -> None:
    row = {"Id": identity.org_id, "Name": identity.name, "IsSandbox": not identity.production}
    org.raw_update("Organization", org.id, row)
    org.set_setting("organization_id", identity.org_id)


def _users(org: Org) -> None:
    """A new org has an administrator, who takes the first seed user's place; the others are made."""
    profiles = _profiles(org)
    org.raw_update("User", org.admin_id, _user(USERS[0], profiles))
    org.raw_insert("User", [_user(user, profiles) for user in USERS[1:]])


def _user(user: SeedUser, profiles: dict[str, str]) -> dict[str, Any]:
    profile = "System Administrator" if user in USERS[:2] else "Standard User"
    return {
        "Id": user.id,
        "Username": user.username,
        "Email": user.username,
        "FirstName": user.first_name,
        "LastName": user.last_name,
        "Name": user.name,
        "Alias": user.username.partition("@")[0][:8],
        "CommunityNickname": user.username.partition("@")[0],
        "IsActive": user.active,
        "TimeZoneSidKey": user.timezone,
        "LocaleSidKey": user.locale,
        "LanguageLocaleKey": user.locale,
        "ProfileId": profiles[profile],
    }


def _profiles(org: Org) -> dict[str, str]:
    rows = org.query("SELECT Id, Name FROM Profile", user_id=org.admin_id).records()
    return {row["Name"]: row["Id"] for row in rows}


def _queues(org: Org) -> list[str]:
    rows = [{"Name": name, "DeveloperName": name.replace(" ", "_"), "Type": "Queue"} for name in QUEUES]
    return org.raw_insert("Group", rows)

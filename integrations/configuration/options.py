"""Every setting, once: where it stands in the configuration file, in the table, and what it does, in words.

Export, import and the settings pages read this table; a switch that isn't here exists nowhere.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Any

from integrations.configuration.checks import Check, flag, one_of, several_of, stage_names, whole_number
from integrations.configuration.filters import filters
from integrations.models import SyncSettings
from mappings.catalogue import SALESFORCE_OBJECTS


class Control(Enum):
    SWITCH = "switch"
    NUMBER = "number"
    CHOICE = "choice"
    STAGES = "stages"
    HIDE = "hide"
    FILTERS = "filters"


ACTIVITIES = "Stored now; takes effect with activities, in a later version."


@dataclass(frozen=True, slots=True)
class Option:
    """`path` is the key in the file, below `settings`; `stage_kind` the kind whose stages are listed."""

    path: str
    column: str
    label: str
    help: str
    check: Check = flag
    control: Control = Control.SWITCH
    later: str = ""
    stage_kind: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    unit: str = ""
    always_exported: bool = True

    @property
    def default(self) -> Any:
        return getattr(SyncSettings(), self.column)


PULL = [
    Option(
        "pull.interval_minutes",
        "pull_interval_minutes",
        "Pull every",
        "How often new and changed records are fetched from Salesforce. Each round costs a few API calls.",
        whole_number(2, 10_080),
        Control.NUMBER,
        unit="minutes",
    ),
    Option(
        "pull.overlap_minutes",
        "watermark_lag_minutes",
        "Read again the last",
        "Salesforce may finish saving a record minutes after stamping it. Each pull reads this much again, "
        "so that none is missed.",
        whole_number(1, 1_440),
        Control.NUMBER,
        unit="minutes",
        always_exported=False,
    ),
    Option(
        "pull.deals",
        "pull_deals",
        "Pull deals",
        "Opportunities become deals here. Off: deals you already have stay, and are no longer refreshed.",
    ),
    Option(
        "pull.match_leads_to_accounts",
        "match_leads_to_accounts",
        "Match leads to accounts by e-mail domain",
        "A lead jane@acme.com joins the account whose domain is acme.com. Free-mail addresses are never "
        "matched. "
        "Of several accounts, the one with most people is taken, and the person's page says so.",
    ),
    Option(
        "pull.hide",
        "hidden_objects",
        "Hidden from view",
        "Hidden records go on syncing and count as known when prospecting; they only don't show in lists "
        "and search.",
        several_of(tuple(SALESFORCE_OBJECTS)),
        Control.HIDE,
    ),
    Option(
        "pull.filters",
        "filters",
        "Only records that meet",
        "All conditions are met by what is pulled. What doesn't meet them is hidden, and left alone on both "
        "sides until it does; people and companies stay known.",
        filters,
        Control.FILTERS,
        always_exported=False,
    ),
]

PUSH = [
    Option(
        "people.push_new",
        "people_push_new",
        "Create new people in Salesforce",
        "Someone saved here is created there within seconds. Turning it on sends nobody who was saved "
        "before, "
        "until they are edited. People already linked with Salesforce are kept in step either way.",
    ),
    Option(
        "people.create_as",
        "people_create_as",
        "Create them as",
        "Only for new people: changing it converts nobody. A lead carries its company's name and no account.",
        one_of(SyncSettings.CreateAs.values),
        Control.CHOICE,
        choices=(("contact", "Contacts"), ("lead", "Leads")),
    ),
    Option(
        "people.only_stages",
        "people_only_stages",
        "Only people at certain stages",
        "New people are created in Salesforce once they stand at one of these stages.",
        stage_names,
        Control.STAGES,
        stage_kind="contact",
    ),
    Option(
        "accounts.push_new",
        "accounts_push_new",
        "Create new accounts in Salesforce",
        "An account saved here is created there within seconds. An account is also created when someone "
        "in it is, "
        "whatever this switch says.",
    ),
    Option(
        "accounts.only_stages",
        "accounts_only_stages",
        "Only accounts at certain stages",
        "New accounts are created in Salesforce once they stand at one of these stages.",
        stage_names,
        Control.STAGES,
        stage_kind="account",
    ),
    Option(
        "deals.push_new",
        "deals_push_new",
        "Create new deals in Salesforce",
        "A deal saved here is created there as an opportunity within seconds.",
    ),
]


def _deletion(key: str, there: str, more: str = "") -> Option:
    return Option(
        f"{key}.delete_sync",
        f"{key}_delete_sync",
        "Deletion sync",
        f"Deleting on either side deletes on the other: {there}. More than 100 at once, or 2 % of all, "
        f"wait for an admin's yes. {more}Off: what is deleted on one side stays on the other, and is no longer synced.",
    )


def _merge(key: str, there: str) -> Option:
    return Option(
        f"{key}.merge_sync",
        f"{key}_merge_sync",
        "Merge sync",
        f"When {there} are merged in Salesforce, they are merged here: one stays, with the id that "
        f"survived there. "
        "Merging here is never sent to Salesforce. Off: both stay here, and the one merged away is no "
        "longer synced.",
    )


SYNC = [
    _deletion(
        "accounts",
        "an account here with the account in Salesforce",
        "Salesforce deletes an account's contacts and opportunities with it: where their own deletion sync is off, an "
        "admin is asked first. ",
    ),
    _merge("accounts", "accounts"),
    _deletion("contacts", "a person here with the contact in Salesforce"),
    _merge("contacts", "contacts"),
    _deletion("leads", "a person here with the lead in Salesforce"),
    _merge("leads", "leads"),
    _deletion("deals", "a deal here with the opportunity in Salesforce"),
]

_KINDS = {
    "emails": ("E-mails", "Sent and received e-mails become completed tasks on the lead or contact."),
    "notes": ("Notes", "Notes become notes on the record."),
    "tasks": ("Tasks", "Tasks become tasks, with due date, status and priority."),
    "calls": ("Calls", "Calls become completed tasks with type, outcome and length."),
    "meetings": ("Meetings", "Meetings become events with their attendees."),
    "summaries": ("Conversation summaries", "Summaries become tasks on the deal or person."),
}

ACTIVITY = [
    Option(f"activities.{kind}", f"push_{kind}", label, help, later=ACTIVITIES)
    for kind, (label, help) in _KINDS.items()
]

GENERAL = [
    Option(
        "duplicates.pass_alerts",
        "pass_duplicate_alerts",
        "Create although a duplicate rule warns",
        "Some duplicate rules in Salesforce only warn. On: the record is created all the same, as a "
        "person there "
        "could. Rules that block always block, and the error log names the record in the way.",
    ),
    Option(
        "assignment_rules",
        "run_assignment_rules",
        "Run assignment rules for new leads",
        "On: Salesforce's own rules choose the owner of what we create. Off: the owner is the one here. "
        "Never on later changes.",
    ),
    Option(
        "api.daily_share_percent",
        "daily_share_percent",
        "Use at most",
        "Salesforce allows an org so many API calls a day, shared by all its tools. Above our share, "
        "backfills stop "
        "first, then pulls; edits last.",
        whole_number(1, 100),
        Control.NUMBER,
        later="Stored now; takes effect with the API budget, in a later version.",
        unit="% of the org's daily API calls",
    ),
]

OPTIONS: list[Option] = [*PULL, *PUSH, *SYNC, *ACTIVITY, *GENERAL]
BY_PATH: dict[str, Option] = {option.path: option for option in OPTIONS}

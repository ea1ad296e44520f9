"""The settings pages: which options stand where. Four sections in one order: Pull, Push, Sync, Fields."""

from dataclasses import dataclass

from integrations.configuration.options import ACTIVITY, BY_PATH, Option


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    intro: str
    paths: tuple[str, ...]
    impossible: tuple[tuple[str, str], ...] = ()  # switches shown disabled: label, and why

    @property
    def options(self) -> list[Option]:
        return [BY_PATH[path] for path in self.paths]

    @property
    def later(self) -> str:
        """When all of it takes effect, if that is the same for all: said once, not beside each switch."""
        said = {option.later for option in self.options}
        return said.pop() if len(said) == 1 else ""


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """`object` is the Salesforce object whose map stands on the page; `one` and `many` name its records "
    "here."""

    slug: str
    title: str
    intro: str
    sections: tuple[Section, ...]
    object: str = ""
    one: str = ""
    many: str = "records"
    advice: str = ""

    @property
    def options(self) -> list[Option]:
        return [option for section in self.sections for option in section.options]

    @property
    def scope(self) -> tuple[str, ...]:
        """The paths of what the page shows."""
        maps = [f"{part}.{self.object}" for part in ("maps", "values", "stages")] if self.object else []
        return (*(f"settings.{option.path}" for option in self.options), *maps)

    @property
    def url_name(self) -> str:
        return f"salesforce_{self.slug}"


ALWAYS = (
    "Always pulled, every few minutes, as they are in Salesforce; nothing is merged or deleted on its own."
)
LINKED_ARE_PUSHED = (
    "This is about new records only. Those linked with Salesforce are kept in step whatever stands here."
)
OPT_IN = "Off until you decide: each of these removes or joins records."
PEOPLE_PUSH = f"{LINKED_ARE_PUSHED} New people have one set of switches: Contacts and Leads show the same."
PEOPLE = ("people.push_new", "people.create_as", "people.only_stages")

CONTACTS = SettingsPage(
    "contacts",
    "Contacts",
    "How people whom Salesforce holds as contacts move between the two sides.",
    (
        Section("Pull", f"From Salesforce to here. {ALWAYS}", ("pull.filters", "pull.hide")),
        Section("Push", f"From here to Salesforce. {PEOPLE_PUSH}", PEOPLE),
        Section("Sync", OPT_IN, ("contacts.delete_sync", "contacts.merge_sync")),
    ),
    "Contact",
    "person",
    "people",
)
LEADS = SettingsPage(
    "leads",
    "Leads",
    "How people whom Salesforce holds as leads move. A lead that is also a contact is one person here: "
    "the contact.",
    (
        Section(
            "Pull",
            f"From Salesforce to here. {ALWAYS}",
            ("pull.filters", "pull.hide", "pull.match_leads_to_accounts"),
        ),
        Section("Push", f"From here to Salesforce. {PEOPLE_PUSH}", PEOPLE),
        Section("Sync", OPT_IN, ("leads.delete_sync", "leads.merge_sync")),
    ),
    "Lead",
    "person",
    "people",
)
ACCOUNTS = SettingsPage(
    "accounts",
    "Accounts",
    "How companies move between Salesforce's accounts and yours.",
    (
        Section("Pull", f"From Salesforce to here. {ALWAYS}", ("pull.filters", "pull.hide")),
        Section(
            "Push",
            f"From here to Salesforce. {LINKED_ARE_PUSHED}",
            ("accounts.push_new", "accounts.only_stages"),
        ),
        Section("Sync", OPT_IN, ("accounts.delete_sync", "accounts.merge_sync")),
    ),
    "Account",
    "account",
    "accounts",
)
DEALS = SettingsPage(
    "deals",
    "Deals",
    "How deals move between Salesforce's opportunities and yours. Their stages follow Salesforce by "
    "themselves.",
    (
        Section("Pull", "From Salesforce to here.", ("pull.deals", "pull.filters", "pull.hide")),
        Section("Push", f"From here to Salesforce. {LINKED_ARE_PUSHED}", ("deals.push_new",)),
        Section(
            "Sync",
            OPT_IN,
            ("deals.delete_sync",),
            (("Merge sync", "Salesforce can't merge opportunities, so there is nothing to mirror."),),
        ),
    ),
    "Opportunity",
    "deal",
    "deals",
)
ACTIVITIES = SettingsPage(
    "activities",
    "Activities",
    "Which of the things you do here are written to Salesforce's activity timeline.",
    (
        Section(
            "Push",
            "Each kind by itself. What is done from then on is sent; what was done before stays here.",
            tuple(option.path for option in ACTIVITY),
        ),
    ),
    many="activities",
    advice="An activity hangs on its person, account or deal in Salesforce. One whose record isn't there waits "
    "until it is, so activities alone would mostly wait.",
)
GENERAL = SettingsPage(
    "general",
    "General",
    "What holds for all objects.",
    (
        Section("Pull", "From Salesforce to here.", ("pull.interval_minutes", "pull.overlap_minutes")),
        Section(
            "Push",
            "From here to Salesforce.",
            ("duplicates.pass_alerts", "assignment_rules"),
        ),
        Section("API calls", "What Salesforce lets us ask in a day.", ("api.daily_share_percent",)),
    ),
)

PAGES: dict[str, SettingsPage] = {
    page.slug: page for page in (CONTACTS, LEADS, ACCOUNTS, DEALS, ACTIVITIES, GENERAL)
}

"""A workspace of any size in seconds: rows made by PostgreSQL itself, spread as unevenly as real ones.

Of 1,000,000 people, 180,000 are called James and 110,000 Smith, 300,000 use one of three mail hosts, the oldest 20,000
all come from one company, one is called Quetzalcoatl, and one seller owns 220,000.
"""

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import Group
from django.db import connection as database
from django.db import transaction
from django.db.models import NOT_PROVIDED, Field, Model

from crm.models import (
    Account,
    AccountStage,
    Contact,
    ContactRole,
    ContactStage,
    Deal,
    DealStage,
    JournalEntry,
    Pipeline,
    PotentialDuplicate,
    User,
)
from crm.roles import Role
from integrations.models import (
    AuditEntry,
    Connection,
    OutboxEntry,
    RecordLink,
    SalesforceOwner,
    SyncedObject,
    SyncError,
    SyncRun,
    SyncSettings,
)
from mappings.defaults import DEFAULT_MAPS, default_map

NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)
SELLERS = 20
STAGES = ("New", "Working", "Qualified", "Nurturing", "Lost")
FIRST = """James Mary John Linda Robert Maria David Anna Michael Sofia Wei Fatima Ali José Olga Yuki Ahmed Ingrid Søren
Chloé Zoë André Björn Łukasz Tomáš Nguyễn Siobhán Jürgen 伟 Дмитрий محمد"""
LAST = """Smith Garcia Müller Wang Singh Kim Johnson Ivanov Silva Nguyen O'Brien Jones Williams Brown Davis Rossi Dubois
Kowalski Andersson Yılmaz Papadopoulos Haddad Cohen Sato 王 Петров السيد Jean-Baptiste Okafor Mwangi"""
SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvwz" for vowel in "aeiou"]
MAIL_HOSTS = ("gmail.com", "outlook.com", "yahoo.com")
CITIES = ("London", "Paris", "New York", "Berlin", "Lagos", "Tokyo", "São Paulo", "Mumbai")
ERRORS = (
    "REQUIRED_FIELD_MISSING",
    "FIELD_CUSTOM_VALIDATION_EXCEPTION",
    "DUPLICATES_DETECTED",
    "STRING_TOO_LONG",
)


def fill(people: int) -> None:
    """Everything a workspace of so many people has, with fresh statistics."""
    accounts = deals = people // 10
    with transaction.atomic():
        execute("SELECT setseed(0.5)")
        execute("SET LOCAL lockstep.skip = 'on'")  # else each of millions of rows is journaled and queued
        org = workspace()
        fill_accounts(accounts)
        fill_people(people, accounts)
        fill_deals(deals, accounts, people)
        fill_links(org.pk)
        fill_life(org.pk, people)
        fill_machine_rows(org.pk, people)
    for model in (
        Account,
        Contact,
        Deal,
        ContactRole,
        RecordLink,
        PotentialDuplicate,
        SalesforceOwner,
        OutboxEntry,
        SyncError,
        SyncRun,
        JournalEntry,
    ):
        execute(f"VACUUM (ANALYZE) {model._meta.db_table}")


def workspace() -> Connection:
    """Users, stages and a connection: the first user is the seller who owns most, the second an admin."""
    for number in range(1, SELLERS + 1):
        user = User.objects.create(
            username=f"user{number}", email=f"user{number}@example.com", first_name="Ann"
        )
        role = Role.ADMIN if number == 2 else Role.SALES
        user.groups.add(Group.objects.get(name=role.value))
    pipeline = Pipeline.objects.create(name="Salesforce", locked=True)
    for position, name in enumerate(STAGES):
        ContactStage.objects.create(name=name, position=position)
        AccountStage.objects.create(name=name, position=position)
        DealStage.objects.create(name=name, position=position, pipeline=pipeline)
    org = Connection.objects.create(
        login_url="https://login.salesforce.com",
        client_id="id",
        instance_url="https://acme.my.salesforce.com",
        connected_at=NOW,
        activated_at=NOW,
        prepared_at=NOW,
    )
    for name in ("Account", "Contact", "Lead", "Opportunity"):
        SyncedObject.objects.create(connection=org, name=name, pulled_at=NOW, linked=1000)
        for row in default_map(name, frozenset(salesforce for _, salesforce in DEFAULT_MAPS[name])):
            row.save()
    SyncSettings.current().save()
    return org


def fill_accounts(number: int) -> None:
    columns = {
        "name": f"initcap({made_word()} || ' ' || {one_of(('Group', 'Labs', 'Bank', 'Foods'))})",
        "domain": "'company' || i || '.example'",
        "city": one_of(CITIES),
        "description": "repeat('What they do and for whom. ', 20)",
        "stage_id": stage_of(AccountStage),
    }
    insert(Account, owned() | columns, f"generate_series(1, {number}) i")


def fill_people(number: int, accounts: int) -> None:
    people = f"""(
        SELECT i, {one_of(FIRST.split())} AS first, i <= {number // 50} AS of_bigcorp,
               CASE WHEN i = {number // 2} THEN 'Quetzalcoatl' WHEN random() < 0.6 THEN {one_of(LAST.split())}
                    ELSE initcap({made_word()}) END AS last,
               CASE WHEN random() < 0.3 THEN {one_of(MAIL_HOSTS)}
                    ELSE 'company' || {up_to(accounts)} || '.example' END AS host
          FROM generate_series(1, {number}) i OFFSET 0) made"""
    columns = {
        "first_name": "first",
        "last_name": "last",
        "email": "lower(first || '.' || last) || i || '@' || CASE WHEN of_bigcorp THEN 'bigcorp.example' ELSE host END",
        "title": one_of(("CEO", "CTO", "Sales manager", "Engineer", "")),
        "company_name": "CASE WHEN of_bigcorp THEN 'Bigcorp' ELSE '' END",
        "city": one_of(CITIES),
        "account_id": f"CASE WHEN random() < 0.8 THEN {up_to(accounts)} END",
        "stage_id": stage_of(ContactStage),
        "custom": "jsonb_build_object('tier__c', 'gold', 'score__c', i)",
    }
    insert(Contact, owned() | columns, people)


def fill_deals(number: int, accounts: int, people: int) -> None:
    columns = {
        "name": f"initcap({made_word()}) || ' renewal'",
        "amount": up_to(100_000),
        "stage_id": stage_of(DealStage),
        "account_id": up_to(accounts),
    }
    insert(Deal, owned() | columns, f"generate_series(1, {number}) i")
    roles = {"deal_id": "i", "contact_id": up_to(people), "role": "'Decision maker'"}
    insert(ContactRole, roles, f"generate_series(1, {number}) i")


def fill_links(org: int) -> None:
    for model, name, prefix in (
        (Contact, "Contact", "003"),
        (Account, "Account", "001"),
        (Deal, "Opportunity", "006"),
    ):
        columns = {
            "connection_id": str(org),
            "salesforce_object": f"'{name}'",
            "salesforce_id": f"'{prefix}' || lpad(id::text, 15, '0')",
            "kind": f"'{model.kind}'",
            "record_id": "id",
            "base": "jsonb_build_object('Name', 'As it was agreed', 'Email', 'a@b.example', 'Title', 'CEO', 'Phone',"
            " '+1 555 0100', 'MailingCity', 'London', 'MailingCountry', 'UK', 'LeadSource', 'Web',"
            " 'OwnerId', '005' || lpad((1 + id % 500)::text, 15, '0'))",
        }
        insert(RecordLink, columns, model._meta.db_table)


def fill_life(org: int, people: int) -> None:
    """Of 100 people one looks like another, and 5 were deleted here; of 200 one isn't shown there any more."""
    pairs = {"kind": "'contact'", "record_id": "i * 100", "other_id": "i * 100 + 1", "reason": "'same_email'"}
    insert(PotentialDuplicate, pairs, f"generate_series(1, {people // 100 - 1}) i")
    skipped = {
        "connection_id": str(org),
        "salesforce_object": "'Contact'",
        "salesforce_id": "'003Gone' || lpad(i::text, 11, '0')",
        "kind": "'contact'",
        "record_id": f"{people} + i",
        "state": "'tombstone'",
        "base": "jsonb_build_object('FirstName', 'Gone', 'LastName', 'No ' || i)",
    }
    insert(RecordLink, skipped, f"generate_series(1, {people // 20}) i")
    execute(
        f"UPDATE integrations_recordlink SET not_visible_since = '{NOW.isoformat()}'"
        " WHERE kind = 'contact' AND state = 'linked' AND record_id % 200 = 0"
    )
    owners = {
        "connection_id": str(org),
        "salesforce_id": "'005' || lpad(i::text, 15, '0')",
        "name": "'Owner ' || i",
        "email": "'owner' || i || '@example.com'",
        "user_id": f"CASE WHEN i <= {SELLERS} THEN (SELECT min(id) FROM crm_user) - 1 + i END",
        "is_active": "i % 10 > 0",
    }
    insert(SalesforceOwner, owners, "generate_series(1, 500) i")


def fill_machine_rows(org: int, people: int) -> None:
    """As after a long night without Salesforce: a fifth waits, a tenth failed; and years of runs."""
    insert(
        OutboxEntry,
        {
            "kind": "'contact'",
            "record_id": "i * 5",
            "live": "i % 10 = 0",
            "state": "CASE WHEN i % 50 = 0 THEN 'held' ELSE 'pending' END",
        },
        f"generate_series(1, {people // 5}) i",
    )
    insert(SyncError, errors(org), f"generate_series(1, {people // 10}) i")
    runs = {
        "connection_id": str(org),
        "kind": "'pull'",
        "trigger": "CASE WHEN i % 100 = 0 THEN 'manual' ELSE 'schedule' END",
        "object": one_of(("Contact", "Lead", "Account", "Opportunity")),
        "state": "CASE WHEN i % 500 = 0 THEN 'failed' ELSE 'succeeded' END",
        "created_at": moment(),
        "started_at": moment(),
        "finished_at": moment(),
        "counts": "jsonb_build_object('created', 1, 'updated', 2)",
    }
    insert(SyncRun, runs, f"generate_series(1, {people // 20}) i")
    journal = {
        "kind": "'contact'",
        "record_id": f"CASE WHEN i <= 5000 THEN 1 ELSE {up_to(people)} END",
        "action": "'updated'",
        "changes": """jsonb_build_object('title', '["CTO", "CEO"]'::jsonb, 'owner', '[1, 2]'::jsonb)""",
        "origin": "'pull'",
        "run": up_to(max(people // 20, 1)),
        "actor_id": "CASE WHEN i % 2 = 0 THEN (SELECT min(id) FROM crm_user) END",
    }
    insert(JournalEntry, journal, f"generate_series(1, {people}) i")
    audit = {"action": "'settings'", "at": moment(), "changes": "'[]'"}
    insert(AuditEntry, audit, f"generate_series(1, {people // 100}) i")


def errors(org: int) -> dict[str, str]:
    return {
        "connection_id": str(org),
        "source": "CASE WHEN i % 4 = 0 THEN 'pull' ELSE 'push' END",
        "salesforce_object": "'Contact'",
        "salesforce_id": "'003' || lpad((i * 10)::text, 15, '0')",
        "kind": "'contact'",
        "record_id": "i * 10",
        "code": one_of(ERRORS),
        "message": "'Required fields are missing: [LastName] of ' || i",
        "field": one_of(("LastName", "Email", "Title", "")),
        "state": "CASE WHEN i % 20 = 0 THEN 'closed' WHEN i % 30 = 0 THEN 'retrying' ELSE 'open' END",
        "sent": "jsonb_build_object('Title', 'CEO', 'Phone', repeat('1', 200))",
        "created_at": moment(),
        "changed_at": moment(),
    }


def owned() -> dict[str, str]:
    """Owner and visibility: one of 50 is hidden."""
    return {
        "owner_id": f"(SELECT min(id) FROM crm_user) - 1 + {skewed(SELLERS)}",
        "hidden": "random() < 0.02",
    }


def stage_of(model: type[Model]) -> str:
    table = model._meta.db_table
    return f"CASE WHEN random() < 0.9 THEN (SELECT min(id) FROM {table}) - 1 + {skewed(len(STAGES))} END"


def skewed(size: int) -> str:
    """A number from 1 on; the first comes most often."""
    return f"(1 + floor({size} * power(random(), 2)))::int"


def up_to(size: int) -> str:
    return f"(1 + floor({size} * random()))::int"


def one_of(texts: tuple[str, ...] | list[str]) -> str:
    quoted = ", ".join("'" + text.replace("'", "''") + "'" for text in texts)
    return f"(ARRAY[{quoted}])[{skewed(len(texts))}]"


def made_word() -> str:
    syllable = f"(ARRAY{SYLLABLES})[{up_to(len(SYLLABLES))}]"
    return f"({syllable} || {syllable} || {syllable} || {syllable})"


def moment() -> str:
    return f"'{NOW.isoformat()}'::timestamptz - random() * interval '1000 days'"


def insert(model: type[Model], columns: dict[str, str], source: str) -> None:
    """INSERT … SELECT the expressions, and the model's defaults for columns that aren't named."""
    given = columns | {
        field.column: literal(field.get_default())
        for field in model._meta.concrete_fields
        if field.column not in columns and needs_a_value(field)
    }
    names = ", ".join(f'"{column}"' for column in given)
    execute(f"INSERT INTO {model._meta.db_table} ({names}) SELECT {', '.join(given.values())} FROM {source}")


def needs_a_value(field: Field[Any, Any]) -> bool:
    return not (field.null or field.primary_key or field.generated or field.db_default is not NOT_PROVIDED)


def literal(value: Any) -> str:
    return "'{}'" if value == {} else f"'{value}'"


def execute(statement: str) -> None:
    with database.cursor() as cursor:
        cursor.execute(statement)

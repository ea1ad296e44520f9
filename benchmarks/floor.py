"""What PostgreSQL itself takes for the same rows (design, *The floor*).

The CSV is COPYed into a bare table and INSERT … SELECTed into empty copies of the contact and link tables, base
included, with all their indexes and no triggers; nothing is resolved, matched or decided.
"""

import time
from pathlib import Path

from django.db import connection as database

from benchmarks import workplace
from mappings.defaults import DEFAULT_MAPS

TABLES = ("crm_contact", "integrations_recordlink")
BLOCK = 1 << 20
TEXTS = {field: name for field, name in DEFAULT_MAPS["Contact"] if field not in ("account", "owner")}
BOOLEANS = ("email_opt_out", "do_not_call")


def floor(csv: Path, *, connection_id: int, accounts: int) -> float:
    """Seconds for all of it."""
    workplace.run("DROP SCHEMA IF EXISTS floor CASCADE")
    workplace.run("CREATE SCHEMA floor")
    for table in TABLES:
        workplace.run(f"CREATE TABLE floor.{table} (LIKE {table} INCLUDING ALL)")
    workplace.run("CHECKPOINT")
    began = time.perf_counter()
    _copy(csv)
    workplace.run(_contacts(accounts))
    workplace.run(_links(connection_id))
    took = time.perf_counter() - began
    workplace.run("DROP SCHEMA floor CASCADE")
    return took


def _copy(csv: Path) -> None:
    with csv.open("rb") as source:
        names = source.readline().decode().strip().split(",")
        columns = ", ".join(f"{name} text" for name in names)
        workplace.run(f"CREATE UNLOGGED TABLE floor.bare (seq bigserial, {columns})")
        blank = ", ".join(names)
        command = f"COPY floor.bare ({blank}) FROM STDIN WITH (FORMAT csv, FORCE_NULL ({blank}))"
        with database.cursor() as cursor, cursor.copy(command) as copy:
            while block := source.read(BLOCK):
                copy.write(block)


def _contacts(accounts: int) -> str:
    values = {
        field: f"\"{name}\" = 'true'" if field in BOOLEANS else f"coalesce(\"{name}\", '')"
        for field, name in TEXTS.items()
    }
    columns = ", ".join(values)
    custom = ", ".join(f"'{name}', \"{salesforce}\"" for name, salesforce in workplace.MORE.items())
    return (
        f"INSERT INTO floor.crm_contact (id, custom, hidden, company_name, created_run, account_id, {columns})"
        f" SELECT seq, jsonb_strip_nulls(jsonb_build_object({custom})), false, '', 1, seq % {accounts} + 1,"
        f" {', '.join(values.values())} FROM floor.bare"
    )


def _links(connection_id: int) -> str:
    pairs = ", ".join(
        f"'{name}', \"{name}\""
        for name in (*dict(DEFAULT_MAPS["Contact"]).values(), *workplace.MORE.values())
    )
    return (
        "INSERT INTO floor.integrations_recordlink (connection_id, salesforce_object, salesforce_id, kind,"
        " record_id, state, suppressed_by, base, match_key, system_modstamp, linked_run)"
        f" SELECT {connection_id}, 'Contact', \"Id\", 'contact', seq, 'linked', '', jsonb_build_object({pairs}),"
        ' coalesce(lower("Email"), \'\'), "SystemModstamp"::timestamptz, 1 FROM floor.bare'
    )

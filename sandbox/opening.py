"""Opening an org: its file, its identity, its seed, put together as a Front. And starting it over."""

import shutil
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

from sandbox.bulk.ingest import IngestJobs
from sandbox.bulk.ingest_routes import ingest_routes
from sandbox.bulk.jobs import Jobs
from sandbox.bulk.outcomes import Outcomes
from sandbox.bulk.query import QueryJobs
from sandbox.bulk.routes import bulk_routes
from sandbox.clock import Clock, ClockState
from sandbox.front import Answer, Front
from sandbox.ids import make_id, to18
from sandbox.ledger import Ledger
from sandbox.oauth.apps import App, Apps
from sandbox.oauth.grants import TokenServer
from sandbox.oauth.org_people import OrgPeople
from sandbox.oauth.tokens import Tokens
from sandbox.org import Org
from sandbox.rest import data_routes
from sandbox.rest.limits import Usage
from sandbox.seed.planting import Identity, plant
from sandbox.seed.users import INTEGRATION_USERNAME
from sandbox.web import Request

DEMO_CLIENT_ID = "lockstep-sandbox-client"
DEMO_CLIENT_SECRET = "lockstep-sandbox-secret"


@dataclass(frozen=True)
class Settings:
    """`org_id` empty: made from the name, so that orgs with two names are two orgs."""

    file: Path
    url: str
    seed: str = "empty"
    org_id: str = ""
    org_name: str = "Acme"
    production: bool = False


class Host:
    """The org that is being served; `reset` puts a new one in its place while clients stay connected."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._changing = threading.Lock()
        self.front = open_front(settings)
        self.front.reset = self.reset

    def handle(self, request: Request) -> Answer:
        return self.front.handle(request)

    def reset(self, seed: str) -> None:
        """Start over with a seed. Apps, tokens, options, faults and clock stay; the records don't."""
        with self._changing:
            old = self.front
            kept = old.ledger.export()
            old.close()
            remove_files(self._settings.file)
            front = open_front(replace(self._settings, seed=seed, org_id=old.tokens.org_id), old.clock)
            front.ledger.restore(kept)
            front.ledger.set_option("seeded", seed)
            front.faults, front.log, front.allowance = old.faults, old.log, old.allowance
            front.reset = self.reset
            self.front = front


def open_front(settings: Settings, clock: Clock | None = None) -> Front:
    """Raises ValueError in words when the file belongs to another org than the settings name."""
    settings.file.parent.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(settings.file)
    org_id = _identity(ledger, settings)
    clock = clock or Clock(ClockState(**ledger.option("clock", {})))
    org = Org.open(settings.file, clock=clock)
    apps = Apps(ledger)
    if not ledger.option("seeded"):
        apps.save(demo_app())
        identity = Identity(org_id, settings.org_name, settings.production)
        plant(org, settings.seed, identity=identity, now=clock.now())
        ledger.set_option("seeded", settings.seed)
    people = OrgPeople(org, ledger, org.admin_id)
    server = TokenServer(apps, Tokens(ledger, org_id), people, settings.url, org_id)
    front = Front(org=org, ledger=ledger, clock=clock, tokens=server, system_user=org.admin_id)
    jobs, folder = Jobs(ledger), bulk_folder(settings.file)
    queries = QueryJobs(org, jobs, clock, folder)
    ingest = IngestJobs(org, jobs, clock, folder, Outcomes(org.store))
    front.routes.include(bulk_routes(queries, ledger))
    front.routes.include(ingest_routes(ingest))
    front.routes.include(data_routes(org, usage=lambda: _usage(front, jobs)))
    queries.resume()
    ingest.resume()
    return front


def _usage(front: Front, jobs: Jobs) -> Usage:
    now = front.clock.now()
    return Usage(front.allowance.daily, front.allowance.used(now), jobs.spent(now))


def demo_app() -> App:
    return App(
        client_id=DEMO_CLIENT_ID,
        client_secret=DEMO_CLIENT_SECRET,
        name="Lockstep",
        any_loopback_callback=True,
        run_as=INTEGRATION_USERNAME,
        preauthorized=True,
    )


def bulk_folder(file: Path) -> Path:
    return file.with_name(f"{file.name}.bulk")


def remove_files(file: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    shutil.rmtree(bulk_folder(file), ignore_errors=True)


def _identity(ledger: Ledger, settings: Settings) -> str:
    """The org's id: what the file says, else what is asked for, else one made from the org's name."""
    asked = to18(settings.org_id) if settings.org_id else ""
    known = str(ledger.option("org_id", ""))
    if known and asked and known != asked:
        raise ValueError(f"{settings.file} holds the org {known}, not {asked}. Use another file.")
    org_id = known or asked or make_id("00D", crc32(settings.org_name.encode()))
    ledger.set_option("org_id", org_id)
    return org_id

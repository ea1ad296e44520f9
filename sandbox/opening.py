"""Opening an org: its file, its identity, its seed, put together as a Front."""

from dataclasses import dataclass
from pathlib import Path
from zlib import crc32

from sandbox.clock import Clock, ClockState
from sandbox.front import Front
from sandbox.ids import make_id, to18
from sandbox.ledger import Ledger
from sandbox.oauth.apps import App, Apps
from sandbox.oauth.grants import TokenServer
from sandbox.oauth.people import Person, Roster
from sandbox.oauth.tokens import Tokens
from sandbox.org import Org
from sandbox.seed.users import INTEGRATION_USERNAME, USERS

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


def open_front(settings: Settings) -> Front:
    """Raises ValueError in words when the file belongs to another org than the settings name."""
    settings.file.parent.mkdir(parents=True, exist_ok=True)
    store = Ledger(settings.file)
    org_id = _identity(store, settings)
    clock = Clock(ClockState(**store.option("clock", {})))
    apps = Apps(store)
    if not store.option("seeded"):
        apps.save(demo_app())
        store.set_option("seeded", settings.seed)
    people = Roster(
        Person(id=u.id, username=u.username, name=u.name, email=u.username, active=u.active) for u in USERS
    )
    server = TokenServer(apps, Tokens(store, org_id), people, settings.url, org_id)
    return Front(org=Org(), store=store, clock=clock, tokens=server)


def demo_app() -> App:
    return App(
        client_id=DEMO_CLIENT_ID,
        client_secret=DEMO_CLIENT_SECRET,
        name="Lockstep",
        any_loopback_callback=True,
        run_as=INTEGRATION_USERNAME,
        preauthorized=True,
    )


def _identity(store: Ledger, settings: Settings) -> str:
    """The org's id: what the file says, else what is asked for, else one made from the org's name."""
    asked = to18(settings.org_id) if settings.org_id else ""
    known = str(store.option("org_id", ""))
    if known and asked and known != asked:
        raise ValueError(f"{settings.file} holds the org {known}, not {asked}. Use another file.")
    org_id = known or asked or make_id("00D", crc32(settings.org_name.encode()))
    store.set_option("org_id", org_id)
    return org_id

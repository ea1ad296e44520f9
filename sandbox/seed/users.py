"""The people who work in the org. Every seed has them; e-mails at acme.example are the demo's sign-ins."""

from dataclasses import dataclass

from sandbox.ids import make_id


@dataclass(frozen=True)
class SeedUser:
    number: int
    first_name: str
    last_name: str
    username: str
    active: bool = True
    locale: str = "en_US"
    timezone: str = "UTC"

    @property
    def id(self) -> str:
        """The administrator's is the one every new org has; the others are in a row of their own."""
        return make_id("005", 1) if self.number == 1 else make_id("005", self.number, "Us")

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


INTEGRATION_USERNAME = "integration@acme.example"

USERS = (
    SeedUser(1, "Ada", "Admin", "admin@acme.example"),
    SeedUser(2, "Integration", "User", INTEGRATION_USERNAME),
    SeedUser(3, "Stefan", "Müller", "staff@acme.example", locale="de_DE", timezone="Europe/Berlin"),
    SeedUser(4, "Sally", "O'Neil", "sales@acme.example", timezone="America/New_York"),
    SeedUser(5, "Élodie", "Lefèvre", "elodie@acme.example", locale="fr_FR", timezone="Europe/Paris"),
    SeedUser(6, "健太", "佐藤", "kenta@acme.example", locale="ja_JP", timezone="Asia/Tokyo"),
    SeedUser(7, "ليلى", "حداد", "layla@acme.example", locale="ar_AE", timezone="Asia/Dubai"),
    SeedUser(8, "Νίκος", "Παπαδόπουλος", "nikos@acme.example", locale="el_GR", timezone="Europe/Athens"),
    SeedUser(9, "Priya", "शर्मा", "priya@acme.example", locale="hi_IN", timezone="Asia/Kolkata"),
    SeedUser(10, "Ion", "Țurcanu", "ion@acme.example", active=False, locale="ro_RO"),
    SeedUser(11, "Ольга", "Петрова", "olga@acme.example", active=False, locale="ru_RU"),
    SeedUser(12, "Former", "Rep", "former.rep@acme.example", active=False),
)

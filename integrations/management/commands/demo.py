"""manage.py demo: one sign-in a role. Safe to run again; never outside a demo."""

from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError

from crm.models import User

PASSWORD = "lockstep-demo"
SIGN_INS = {"Admin": "admin@acme.example", "Staff": "staff@acme.example", "Sales": "sales@acme.example"}


class Command(BaseCommand):
    help = "Make one sign-in a role, with a known password (only where DEBUG is on)."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("Known passwords are for demos: set DEBUG=on, or use createsuperuser.")
        for role, email in SIGN_INS.items():
            _sign_in(role, email)
            self.stdout.write(f"  {role:<6} {email:<20} {PASSWORD}")


def _sign_in(role: str, email: str) -> None:
    """Make the user if absent. One that is there keeps what was changed about it."""
    user, created = User.objects.get_or_create(
        username=email, defaults={"email": email, "first_name": role, "last_name": "Demo", "is_staff": True}
    )
    if created:
        user.set_password(PASSWORD)
        user.save(update_fields=["password"])
        user.groups.add(Group.objects.get_or_create(name=role)[0])

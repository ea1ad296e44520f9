"""Signing in with an e-mail address or a user name, whichever somebody remembers."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db.models import Q
from django.http import HttpRequest

from crm.models import User


class EmailOrName(ModelBackend):
    """E-mail addresses in any case; user names as they are written, before somebody else's address."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_: Any
    ) -> User | None:
        if username is None or password is None:
            return None
        user = _named(username)
        if user is None:
            # As long as with a user: nobody learns from the clock who is known here (as Django's own does).
            User().set_password(password)
            return None
        allowed = user.check_password(password) and self.user_can_authenticate(user)
        return user if allowed else None


def _named(typed: str) -> User | None:
    found = list(User.objects.filter(Q(username=typed) | Q(email__iexact=typed)))
    found.sort(key=lambda user: user.username != typed)
    return found[0] if found else None

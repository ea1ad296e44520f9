"""Who may do what (spec O6). Admin may do all that Staff may, and Staff all that Sales may."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from crm.models import User

P = ParamSpec("P")


class Role(models.TextChoices):
    """Each is a group of that name, from the widest to the narrowest."""

    ADMIN = "Admin", "Admin"
    STAFF = "Staff", "Staff"
    SALES = "Sales", "Sales"


ORDER = list(Role)
NOBODY = "You are signed in, but have no role yet. Ask an admin to make you Sales, Staff or Admin."


class SignedInRequest(HttpRequest):
    """What a view behind `role_required` gets."""

    user: User
    htmx: HtmxDetails


def role_of(user: AbstractBaseUser | AnonymousUser) -> Role | None:
    """The widest role of a user; a superuser is an Admin."""
    if not isinstance(user, User) or not user.is_active:
        return None
    if user.is_superuser:
        return Role.ADMIN
    return next((role for role in ORDER if role.value in user.group_names), None)


def has_role(user: AbstractBaseUser | AnonymousUser, role: Role) -> bool:
    held = role_of(user)
    return held is not None and ORDER.index(held) <= ORDER.index(role)


View = Callable[Concatenate[SignedInRequest, P], HttpResponseBase]
OpenView = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def role_required(role: Role) -> Callable[[View[P]], OpenView[P]]:
    """Let only `role` and wider ones in: pages and htmx fragments alike.

    Anonymous visitors are sent to sign in and come back; others get the 403 page, in words.
    """

    def decorate(view: View[P]) -> OpenView[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return to_sign_in(request)
            require_role(request, role)
            return view(cast(SignedInRequest, request), *args, **kwargs)

        return guarded

    return decorate


def require_role(request: HttpRequest, role: Role) -> None:
    """Raises PermissionDenied with a sentence for the 403 page."""
    if not has_role(request.user, role):
        allowed = " or ".join(ORDER[: ORDER.index(role) + 1])
        held = role_of(request.user)
        raise PermissionDenied(f"This is for {allowed}; you are {held.label}." if held else NOBODY)


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """A fragment can't show the sign-in page in its place: the whole page goes there and comes back."""
    htmx = getattr(request, "htmx", None)
    if htmx:
        login = resolve_url("admin:login")
        return HttpResponseClientRedirect(f"{login}?{urlencode({'next': htmx.current_url_abs_path or '/'})}")
    return redirect_to_login(request.get_full_path())

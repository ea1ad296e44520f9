"""The one admin site that all three roles sign in to."""

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from unfold.forms import AuthenticationForm as UnfoldAuthenticationForm
from unfold.sites import UnfoldAdminSite

from crm.pages import forbidden
from crm.roles import NOBODY, Role, has_role


class SignInForm(UnfoldAuthenticationForm):
    """What is typed is matched by `crm.signing_in`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "E-mail or user name"

    def confirm_login_allowed(self, user: AbstractBaseUser) -> None:
        """Roles decide, not `is_staff`; who has none is told so after signing in."""
        AuthenticationForm.confirm_login_allowed(self, user)  # type: ignore[arg-type]


class LockstepSite(UnfoldAdminSite):
    login_form = SignInForm
    index_title = "Lockstep"

    def has_permission(self, request: HttpRequest) -> bool:
        return has_role(request.user, Role.SALES)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return redirect("home")

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        if request.user.is_authenticated and not self.has_permission(request):
            return forbidden(request, PermissionError(NOBODY))
        # Without a sign-in there is no site to return to: it leads here again.
        page: HttpResponseBase = super().login(request, {**(extra_context or {}), "site_url": None})
        return page

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.messages import get_messages
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django_htmx.http import trigger_client_event

from crm.models import User
from crm.pages import not_found

GetResponse = Callable[[HttpRequest], HttpResponse]


class TimezoneMiddleware:
    """Shows times in the zone of whoever looks."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if isinstance(request.user, User):
            with timezone.override(ZoneInfo(request.user.time_zone)):
                return self.get_response(request)
        return self.get_response(request)


class RefusalsInWords:
    """What isn't there is told in words under DEBUG too, where Django shows its own page."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """An address that no view has never reaches `process_exception`."""
        response = self.get_response(request)
        unknown = response.status_code == 404 and request.resolver_match is None
        return not_found(request) if unknown and settings.DEBUG else response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return not_found(request, exception) if isinstance(exception, Http404) else None


class FragmentMessages:
    """Sends the messages of a view along with its htmx fragment; lockstep.js shows them as toasts.

    A page shows its own, and a redirect leaves them for the page that follows.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        goes_on = {"HX-Redirect", "HX-Location", "HX-Refresh"} & response.headers.keys()
        if getattr(request, "htmx", None) and response.status_code < 300 and not goes_on:
            toasts = [{"text": str(m), "level": m.level_tag} for m in get_messages(request)]
            if toasts:
                trigger_client_event(response, "lockstep:toasts", {"toasts": toasts})
        return response

"""Connecting in the browser: the form, its test, the way to Salesforce and back (spec A1, A6, A7)."""

from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.pages import render_page
from crm.roles import Role, SignedInRequest, role_required
from integrations import tasks
from integrations.models import Connection
from integrations.salesforce.hosts import is_loopback
from integrations.sync import connecting
from integrations.sync.arrivals import Arrival, OtherOrg, arrive, forget
from integrations.sync.refusals import Refused
from integrations.views.pending import keep_arrival, keep_sign_in, take_arrival, take_sign_in


class ConnectForm(forms.Form):
    login_url = forms.CharField(max_length=255)
    client_id = forms.CharField(max_length=255)
    client_secret = forms.CharField(max_length=255, required=False)
    flow = forms.ChoiceField(choices=Connection.Flow.choices, required=False)
    username = forms.CharField(max_length=255, required=False)
    jwt_key = forms.CharField(max_length=20_000, required=False)

    def app(self) -> connecting.App:
        """Raises Refused with what to mend first."""
        if not self.is_valid():
            missing = next(iter(self.errors))
            raise Refused(_MISSING.get(missing, "Fill in all fields."))
        typed = {name: self.cleaned_data[name] for name in ("login_url", "client_id", "client_secret")}
        return connecting.checked_app(**typed)


_MISSING = {
    "login_url": "Choose where you sign in to Salesforce.",
    "client_id": "Paste the consumer key of the External Client App.",
}


def callback_address(request: HttpRequest) -> str:
    """What is registered in Salesforce. On this machine, the address by which the page was reached, port and all."""
    path = reverse("salesforce_callback")
    host = urlsplit(f"//{request.get_host()}").hostname or ""
    if is_loopback(host):
        return request.build_absolute_uri(path)
    return str(settings.PUBLIC_URL) + path


def connect_form(
    request: HttpRequest, *, values: dict[str, str] | None = None, refusal: str = "", status: int = 200
) -> HttpResponse:
    """The walk-through of A1. A secret that was typed is never shown again."""
    demo = settings.DEMO_SALESFORCE
    ended = Connection.objects.exclude(disconnected_at=None).order_by("-disconnected_at").first()
    context = {
        "values": values or demo,
        "is_demo": bool(demo) and not values,
        "callback": callback_address(request),
        "refusal": refusal,
        "ended": ended,
        "plan": settings.PLAN,
    }
    return render_page(
        request, "integrations/connect.html", context, title="Connect Salesforce", status=status
    )


@sensitive_post_parameters("client_secret", "jwt_key")
def connect(request: SignedInRequest) -> HttpResponse:
    """The connect form was sent: on to Salesforce, or connected at once without a browser."""
    form = ConnectForm(request.POST)
    try:
        app = form.app()
        if form.cleaned_data["flow"] in ("", Connection.Flow.WEB):
            return _to_salesforce(request, app)
        connection = _connect_headless(request, form, app)
    except OtherOrg as other:
        keep_arrival(request.session, other.arrival)
        return _ask_for_name(request, other.arrival, other.reason)
    except Refused as refused:
        kept = {name: form.data.get(name, "") for name in ("login_url", "client_id", "username")}
        return connect_form(request, values=kept, refusal=refused.reason, status=400)
    return _connected(request, connection)


@role_required(Role.ADMIN)
@require_POST
@sensitive_post_parameters("client_secret")
def test(request: SignedInRequest) -> HttpResponse:
    """A fragment: does Salesforce know this key and secret?"""
    try:
        app = ConnectForm(request.POST).app()
        connecting.check_key_and_secret(app, redirect_uri=callback_address(request))
    except Refused as refused:
        return render(request, "integrations/_test_answer.html", {"refusal": refused.reason})
    return render(request, "integrations/_test_answer.html", {"host": app.login_url})


@role_required(Role.ADMIN)
@require_POST
def sign_in_again(request: SignedInRequest) -> HttpResponse:
    """With the app that is stored: after a revoked token, or as another team sync user."""
    connection = Connection.objects.live().first()
    if connection is None:
        return redirect("salesforce")
    if connection.flow != Connection.Flow.WEB:
        return _sign_in_headless(request, connection)
    app = connecting.App(connection.login_url, connection.client_id, connection.client_secret)
    return _to_salesforce(request, app)


@role_required(Role.ADMIN)
@require_GET
@never_cache
def callback(request: SignedInRequest) -> HttpResponse:
    """Back from Salesforce."""
    pending = take_sign_in(request.session, request.GET.get("state", ""))
    try:
        connection = connecting.finish(pending, request.GET.dict(), user=request.user, now=timezone.now())
    except OtherOrg as other:
        keep_arrival(request.session, other.arrival)
        return _ask_for_name(request, other.arrival, other.reason)
    except Refused as refused:
        messages.error(request, refused.reason)
        return redirect("salesforce")
    return _connected(request, connection)


@role_required(Role.ADMIN)
@require_http_methods(["POST"])
def confirm_org(request: SignedInRequest) -> HttpResponse:
    """The other org's name was typed, or the sign-in was dropped."""
    arrival = take_arrival(request.session)
    if arrival is None:
        messages.error(request, f"This sign-in is over. {connecting.BEGIN_AGAIN}")
        return redirect("salesforce")
    if "drop" in request.POST:
        forget(arrival)
        return redirect("salesforce")
    try:
        connection = arrive(
            arrival, user=request.user, now=timezone.now(), confirmed_org=request.POST.get("name", "")
        )
    except OtherOrg as other:
        keep_arrival(request.session, arrival)
        return _ask_for_name(request, arrival, other.reason, wrong=True)
    except Refused as refused:
        messages.error(request, refused.reason)
        return redirect("salesforce")
    return _connected(request, connection)


def _to_salesforce(request: SignedInRequest, app: connecting.App) -> HttpResponse:
    address, pending = connecting.begin(app, redirect_uri=callback_address(request), now=timezone.now())
    keep_sign_in(request.session, pending)
    return redirect(address)


def _connect_headless(request: SignedInRequest, form: ConnectForm, app: connecting.App) -> Connection:
    """Raises Refused, also OtherOrg."""
    now = timezone.now()
    if form.cleaned_data["flow"] == Connection.Flow.CLIENT_CREDENTIALS:
        return connecting.connect_client_credentials(app, user=request.user, now=now)
    username, key = form.cleaned_data["username"], form.cleaned_data["jwt_key"]
    if not username or not key:
        raise Refused("A JWT needs the user to sign in and the app's private key.")
    return connecting.connect_jwt(app, username=username, private_key=key, user=request.user, now=now)


def _sign_in_headless(request: SignedInRequest, connection: Connection) -> HttpResponse:
    try:
        connecting.sign_in_again(connection, user=request.user, now=timezone.now())
    except Refused as refused:
        messages.error(request, refused.reason)
        return redirect("salesforce")
    return _connected(request, connection)


def _ask_for_name(
    request: SignedInRequest, arrival: Arrival, reason: str, *, wrong: bool = False
) -> HttpResponse:
    context = {"org": arrival.org, "reason": reason, "wrong": wrong}
    return render_page(request, "integrations/confirm_org.html", context, title="Another Salesforce org")


def _connected(request: SignedInRequest, connection: Connection) -> HttpResponse:
    tasks.ring(tasks.prepare_workspace, connection_id=connection.pk)
    messages.success(request, f"Connected to {connection.org_name} as {connection.sync_user_name}.")
    return redirect("salesforce")

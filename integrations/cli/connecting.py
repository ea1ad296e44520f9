"""`connect`: headless, with client credentials or a JWT."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.utils import timezone

from integrations.cli.answers import Answer, Failed, iso
from integrations.models import Connection
from integrations.sync.connecting import App, checked_app, connect_client_credentials, connect_jwt
from integrations.sync.preparing import prepare
from integrations.tokens import open_org


def add_connect(parser: ArgumentParser) -> None:
    parser.add_argument("--login-url", required=True, help="production, sandbox, or your My Domain")
    parser.add_argument("--client-id", required=True, help="the External Client App's consumer key")
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument("--client-secret-env", metavar="NAME", help="the variable that holds the secret")
    way.add_argument("--jwt-key", metavar="FILE", type=Path, help="the app's private key (PEM)")
    parser.add_argument("--username", default="", help="with --jwt-key: whom to sign in")
    parser.add_argument(
        "--confirm-org", metavar="NAME", default="", help="type the org's name to replace another org"
    )


def connect(options: dict[str, Any]) -> Answer:
    """Signs in, prepares the workspace, and begins the first pull for the workers to go on with."""
    connection = _sign_in(options)
    org = open_org(connection, feature="prepare")
    try:
        prepare(connection, org, now=timezone.now())
    finally:
        org.close()
    return Answer(
        f"Connected to {connection} as {connection.sync_user_email or connection.sync_user_name}. "
        f"{connection.state.label}.",
        {
            "state": connection.state.value,
            "org_id": connection.org_id,
            "org_name": connection.org_name,
            "sync_user": connection.sync_user_email,
            "window_ends_at": iso(connection.window_ends_at) if connection.in_window else None,
        },
    )


def _sign_in(options: dict[str, Any]) -> Connection:
    now = timezone.now()
    app = checked_app(
        login_url=options["login_url"], client_id=options["client_id"], client_secret=_secret(options)
    )
    confirmed = options["confirm_org"]
    if options["jwt_key"]:
        return _sign_in_with_jwt(app, options, confirmed)
    return connect_client_credentials(app, user=None, now=now, confirmed_org=confirmed)


def _sign_in_with_jwt(app: App, options: dict[str, Any], confirmed: str) -> Connection:
    if not options["username"]:
        raise Failed("--jwt-key needs --username: whom to sign in.", "USAGE")
    try:
        key = options["jwt_key"].read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Failed(f"The key file {options['jwt_key']} can't be read: {error}.", "KEY_FILE") from error
    return connect_jwt(
        app,
        username=options["username"],
        private_key=key,
        user=None,
        now=timezone.now(),
        confirmed_org=confirmed,
    )


def _secret(options: dict[str, Any]) -> str:
    name = options["client_secret_env"]
    if not name:
        return ""
    secret = os.environ.get(name, "")
    if not secret:
        raise Failed(f"The environment has no variable {name}, which should hold the secret.", "USAGE")
    return secret

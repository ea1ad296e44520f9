"""Mails to the admins about the connection."""

import logging
import smtplib
from datetime import datetime

from django.conf import settings
from django.core.mail import send_mail
from django.db.models import Q

from crm.models import User
from integrations.models import Connection

logger = logging.getLogger(__name__)


def admin_addresses() -> list[str]:
    admins = User.objects.filter(Q(groups__name="Admin") | Q(is_superuser=True), is_active=True)
    return sorted(set(admins.exclude(email="").values_list("email", flat=True)))


def send_sign_in_notices(now: datetime) -> None:
    """One mail to the admins for each time that Salesforce stopped taking our sign-in (A6)."""
    waiting = Connection.objects.live().filter(needs_sign_in_since__isnull=False, sign_in_notice_at=None)
    for connection in waiting:
        claimed = Connection.objects.filter(pk=connection.pk, sign_in_notice_at=None).update(
            sign_in_notice_at=now
        )
        if claimed and not _send(connection):
            Connection.objects.filter(pk=connection.pk).update(sign_in_notice_at=None)


def _send(connection: Connection) -> bool:
    """False where the mail server didn't take it: the next tick tries again."""
    body = (
        f"Salesforce no longer accepts the sign-in of {connection.org_name} ({connection.org_id}).\n"
        f"{connection.needs_sign_in_reason}\n\n"
        "Until an admin signs in again nothing is pulled or sent. Nothing is lost: afterwards everything goes on\n"
        "from where it stood.\n\n"
        f"Sign in again: {settings.PUBLIC_URL}/integrations/salesforce/\n"
    )
    to = admin_addresses()
    try:
        send_mail(f"Salesforce needs sign-in: {connection.org_name}", body, None, to)
    except (smtplib.SMTPException, OSError):
        logger.exception("The notice that Salesforce needs sign-in can't be mailed.")
        return False
    return True

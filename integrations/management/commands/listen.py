"""manage.py listen: the process that hears the outbox. Lost notices cost seconds, never data."""

import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from integrations.listening import wake_ups
from integrations.models import OutboxEntry
from integrations.triggers import CHANNEL

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Listen for changes that wait to be sent to Salesforce."

    def handle(self, *args: Any, **options: Any) -> None:
        stopped = threading.Event()
        for wanted in (signal.SIGTERM, signal.SIGINT):
            signal.signal(wanted, lambda *_: stopped.set())
        logger.info("Listening on %s.", CHANNEL)
        for _ in wake_ups(CHANNEL, keep_on=lambda: not stopped.is_set()):
            # Nothing is sent by this version: changes wait, and `salesforce status` counts them.
            logger.debug("Changes wait: %s", OutboxEntry.objects.filter(state="pending").exists())

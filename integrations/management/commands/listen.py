"""manage.py listen: the process that hears the outbox. Lost notices cost seconds, never data."""

import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand
from kombu.exceptions import OperationalError

from crm.matching import is_anything_waiting
from crm.tasks import compare_records
from integrations.listening import wake_ups
from integrations.models import Connection
from integrations.tasks import push_changes
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
            ring()


def ring() -> None:
    """Wake a worker. An unreachable broker is no reason to stop listening: the tick looks too, each minute."""
    try:
        for connection in Connection.objects.live():
            push_changes.delay(connection_id=connection.pk)
        if is_anything_waiting():
            compare_records.delay()
    except OperationalError as problem:
        logger.warning("The workers can't be woken: %s", problem)

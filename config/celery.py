"""The Celery application. Queues: `live` (pushes, retries), `pull`, `bulk`; tasks name theirs."""

import os
from typing import Any

from celery import Celery
from kombu import Connection

from config.embedded import broker

QUEUES = ("live", "pull", "bulk")


class Lockstep(Celery):
    """Celery whose first connection starts the embedded broker where there is no other."""

    def connection_for_read(self, url: str | None = None, **arguments: Any) -> Connection:
        self._start_embedded_broker()
        return super().connection_for_read(url, **arguments)

    def connection_for_write(self, url: str | None = None, **arguments: Any) -> Connection:
        self._start_embedded_broker()
        return super().connection_for_write(url, **arguments)

    def _start_embedded_broker(self) -> None:
        if self.conf.get("EMBEDDED_BROKER"):
            broker.use()


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Lockstep("config")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_queues = None
app.autodiscover_tasks()

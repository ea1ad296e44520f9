"""/healthz, for load balancers and `make demo`: whether database and broker answer."""

import contextlib

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import KombuError, OperationalError

from config.celery import app


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when both answer, else 503; says which, and nothing else, as anybody may ask."""
    answers = {"database": database_answers(), "broker": broker_answers()}
    return JsonResponse(answers, status=200 if all(answers.values()) else 503)


def database_answers() -> bool:
    with contextlib.suppress(DatabaseError), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return True
    return False


def broker_answers() -> bool:
    with contextlib.suppress(KombuError, OperationalError, OSError), app.connection_for_read() as broker:
        broker.ensure_connection(max_retries=1, timeout=2)
        return True
    return False

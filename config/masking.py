"""Keeps secrets out of the log, whoever wrote the line (spec A2)."""

import logging
import re

MASK = "[secret]"
_NAMES = (
    r"access_token|refresh_token|id_token|client_secret|code_verifier|assertion|password|"
    r"secret_key|token|session_id|sessionid|csrftoken"
)
_PATTERNS = (
    # Authorization headers: Bearer …, OAuth …, Basic …
    re.compile(r"(?i)(?P<keep>\b(?:bearer|basic|oauth)\s+)[\w.!+/=~-]{8,}"),
    # Salesforce session ids: organization id, "!", key
    re.compile(r"(?P<keep>)\b00D[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?![\w.+/=~-]+"),
    # Salesforce refresh tokens
    re.compile(r"(?P<keep>)\b5Aep[\w.!+/=~-]{12,}"),
    # Signed JWTs
    re.compile(r"(?P<keep>)\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]+"),
    # name=value in a form or query, "name": "value" in JSON, 'name': 'value' in a repr
    re.compile(rf"(?i)(?P<keep>\b(?:{_NAMES})[\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;}})]+"),
    # user:password@host
    re.compile(r"(?P<keep>[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s/@]+(?=@)"),
)
_EXCEPTIONS = logging.Formatter()


def mask(line: str) -> str:
    for pattern in _PATTERNS:
        line = pattern.sub(rf"\g<keep>{MASK}", line)
    return line


class SecretsFilter(logging.Filter):
    """Masks message and traceback. It sits on the handlers, where every logger's records pass."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = mask(_message(record))
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = _EXCEPTIONS.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = mask(record.exc_text)
        return True


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # arguments that don't fit the message
        return f"{record.msg} {record.args}"

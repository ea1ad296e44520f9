"""What a call does, in one word read off its method and path: for faults that name it and for counting calls."""

import re

WRITING = frozenset({"create", "update", "upsert", "delete", "composite", "ingest"})
READING = frozenset({"query", "retrieve", "replicate", "describe", "ingest_read", "bulk_query", "other"})
KNOWN = WRITING | READING

_BY_METHOD = {"POST": "create", "PATCH": "update", "DELETE": "delete"}
_DATA = re.compile(r"/services/data/v[\d.]+(?P<rest>/.*)?")
_BY_PATH = [
    (re.compile(r"/composite(/batch)?"), "composite"),
    (re.compile(r"/query(All)?(/.*)?"), "query"),
    (re.compile(r"/jobs/query(/.*)?"), "bulk_query"),
    (re.compile(r"/sobjects/\w+/(updated|deleted)"), "replicate"),
    (re.compile(r"/sobjects(/\w+/describe(/.*)?)?"), "describe"),
]
_INGEST = re.compile(r"/jobs/ingest(/.*)?")
_RETRIEVE_MANY = re.compile(r"/composite/sobjects/\w+")
_BY_KEY = re.compile(r"(/composite/sobjects/\w+/\w+|/sobjects/\w+/\w+/.+)")


def operation_of(method: str, path: str) -> str:
    """One of `KNOWN` for a call of the data API, "" for any other."""
    found = _DATA.fullmatch(path.rstrip("/"))
    if not found:
        return ""
    rest = found["rest"] or ""
    for pattern, operation in _BY_PATH:
        if pattern.fullmatch(rest):
            return operation
    if _INGEST.fullmatch(rest):
        return "ingest_read" if method == "GET" else "ingest"
    return _on_records(method, rest)


def _on_records(method: str, rest: str) -> str:
    if not rest.startswith(("/sobjects/", "/composite/sobjects")):
        return "other"
    if method in ("GET", "HEAD") or (method == "POST" and _RETRIEVE_MANY.fullmatch(rest)):
        return "retrieve"
    if method == "PATCH" and _BY_KEY.fullmatch(rest):
        return "upsert"
    return _BY_METHOD.get(method, "other")

"""Finding records by the beginnings of words, as they are typed.

A search text is untrusted and meets PostgreSQL's query language, so each word is quoted: whatever stands in
it is text to look for. Words are split where `SearchDocument` splits the columns.
"""

import re
from typing import TypeVar

from django.contrib.postgres.search import SearchQuery
from django.db.models import QuerySet

from crm.models import Record

R = TypeVar("R", bound=Record)

SPLIT_AT = re.compile(r"[\s@._/'\x00-]+")
MAX_LENGTH = 200
MAX_WORDS = 6


def words_of(text: str) -> list[str]:
    """The longest ones: they narrow most, while each short one is the beginning of hundreds of thousands of words."""
    words = dict.fromkeys(word for word in SPLIT_AT.split(text[:MAX_LENGTH]) if word)
    return sorted(words, key=len, reverse=True)[:MAX_WORDS]


def query_of(text: str) -> SearchQuery:
    """All words must occur, at least as beginnings. Of signs and emoji alone nothing is left to find."""
    quoted = ["'" + word.replace("\\", "\\\\") + "':*" for word in words_of(text)]
    return SearchQuery(" & ".join(quoted), config="simple", search_type="raw")


def matching(records: QuerySet[R], text: str) -> QuerySet[R]:
    """Those of `records` that hold all words of `text`; all of them where it is blank."""
    return records.filter(search=query_of(text)) if text.strip() else records

"""What a caller may ask of a write, beside the values: the headers of a REST call, in words."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class WriteOptions:
    """`allow_save` passes duplicate rules that only alert; `visible_at` is when others see the row (late
    commit).

    `client` is the `Sforce-Call-Options` client; `api_version` decides the spelling in duplicate errors.
    """

    allow_save: bool = False
    include_record_details: bool = False
    auto_assign: bool = True
    client: str | None = None
    mru: bool = False
    api_version: float = 60.0
    visible_at: datetime | None = None


DEFAULTS = WriteOptions()

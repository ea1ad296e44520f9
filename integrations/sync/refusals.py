from datetime import datetime


class Refused(Exception):
    """What was asked for may not happen now. `reason` is a sentence for the person who asked."""

    def __init__(self, reason: str, *, until: datetime | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.until = until

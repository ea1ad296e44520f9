"""The admin's lists of what the machine writes."""

from integrations.admin import errors, machine_rows

__all__ = ["errors", "machine_rows"]

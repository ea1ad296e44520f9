"""When so much is deleted at once that an admin is asked first, in either direction (spec C8)."""

MOST_AT_ONCE = 100
MOST_PERCENT = 2
FEW = 10
"""As few never wait for a yes, however small the object is: 2 % of forty records is none."""

DELETE_SYNC = {
    "Account": "accounts_delete_sync",
    "Contact": "contacts_delete_sync",
    "Lead": "leads_delete_sync",
    "Opportunity": "deals_delete_sync",
}
"""The setting of each object."""


def needs_yes(count: int, linked: int) -> bool:
    """Whether `count` deletes of an object that had `linked` records wait for an admin's yes."""
    return count > FEW and (count > MOST_AT_ONCE or count * 100 > linked * MOST_PERCENT)

"""The file's `owners`: who a workspace user is in Salesforce, where e-mail alone doesn't tell (spec O1).

An e-mail with the id of their Salesforce user, or a list where they are several; under `nobody`, Salesforce users who
are nobody here, whatever their e-mail says.
"""

import re
from collections import Counter
from typing import Any

from crm.models import User
from integrations.configuration.changes import Report, below
from integrations.configuration.maps_section import NOT_CONNECTED
from integrations.configuration.workspace import NOBODY, State, Workspace
from integrations.salesforce.ids import to18

USER_ID = re.compile(r"005[0-9A-Za-z]{12}([0-9A-Za-z]{3})?")


def merge_owners(data: Any, wanted: State, workspace: Workspace, report: Report) -> None:
    """Left out: as before. Null: matched by e-mail again."""
    users = {email.lower() for email in User.objects.values_list("email", flat=True)} if data else set()
    for key, given in report.mapping("owners", data).items():
        email, path = key.lower(), below("owners", key)
        if given is None:
            wanted.owners.pop(email, None)
            continue
        ids = given if isinstance(given, list) else [given]
        problem = _problem(email, ids, users, wanted, workspace)
        if problem:
            report.add(path, problem)
        else:
            wanted.owners[email] = sorted({to18(id) for id in ids})
    times = Counter(id for ids in wanted.owners.values() for id in ids)
    for email, ids in wanted.owners.items():
        if any(times[id] > 1 for id in ids):
            report.add(below("owners", email), "Another user is mapped to the same Salesforce user.")


def _problem(email: str, ids: list[Any], users: set[str], wanted: State, workspace: Workspace) -> str | None:
    if not ids or not all(isinstance(id, str) and USER_ID.fullmatch(id) for id in ids):
        return "This must be the id of a Salesforce user: 15 or 18 letters and digits, starting with 005."
    added = {to18(id) for id in ids} - set(wanted.owners.get(email, ()))
    if not added:
        return None
    if email not in users and email != NOBODY:
        return f"Nobody here has the e-mail {email[:120]}. Add the user first."
    if workspace.connection is None:
        return NOT_CONNECTED
    if workspace.owner_ids and not added <= workspace.owner_ids:
        return "The connected org has no such user."
    return None

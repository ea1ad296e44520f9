"""The file's `owners`: who a workspace user is in Salesforce, where e-mail alone doesn't tell (spec O1)."""

import re
from typing import Any

from crm.models import User
from integrations.configuration.changes import Report, below
from integrations.configuration.maps_section import NOT_CONNECTED
from integrations.configuration.workspace import State, Workspace
from integrations.salesforce.ids import to18

USER_ID = re.compile(r"005[0-9A-Za-z]{12}([0-9A-Za-z]{3})?")


def merge_owners(data: Any, wanted: State, workspace: Workspace, report: Report) -> None:
    """Left out: as before. Null: matched by e-mail again."""
    users = {email.lower() for email in User.objects.values_list("email", flat=True)} if data else set()
    for key, salesforce_id in report.mapping("owners", data).items():
        email, path = key.lower(), below("owners", key)
        if salesforce_id is None:
            wanted.owners.pop(email, None)
            continue
        problem = _problem(email, salesforce_id, users, wanted, workspace)
        if problem:
            report.add(path, problem)
        else:
            wanted.owners[email] = to18(salesforce_id)
    for email, salesforce_id in wanted.owners.items():
        if list(wanted.owners.values()).count(salesforce_id) > 1:
            report.add(below("owners", email), "Another user is mapped to the same Salesforce user.")


def _problem(
    email: str, salesforce_id: Any, users: set[str], wanted: State, workspace: Workspace
) -> str | None:
    if not isinstance(salesforce_id, str) or not USER_ID.fullmatch(salesforce_id):
        return "This must be the id of a Salesforce user: 15 or 18 letters and digits, starting with 005."
    if wanted.owners.get(email) == to18(salesforce_id):
        return None
    if email not in users:
        return f"Nobody here has the e-mail {email[:120]}. Add the user first."
    if workspace.connection is None:
        return NOT_CONNECTED
    if workspace.owner_ids and to18(salesforce_id) not in workspace.owner_ids:
        return "The connected org has no such user."
    return None

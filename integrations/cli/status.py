"""`status`: where we stand, from what runs have stored; large tables aren't counted."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from integrations.cli.answers import Answer, to_the_minute
from integrations.sync.standing import standing


def status(options: dict[str, Any]) -> Answer:
    now = standing(timezone.now())
    lines = [f"State: {now['state']}"]
    if now["org_id"]:
        lines.append(f"Org: {now['org_name']} ({now['org_id']})")
    if now["window_ends_at"]:
        ends_at = datetime.fromisoformat(now["window_ends_at"])
        lines.append(f"Syncing turns itself on at {to_the_minute(ends_at)}")
    for name, counts in now["objects"].items():
        lines.append(f"{name}: {counts['linked']} linked, last complete pull {_ago(counts['lag_seconds'])}")
    lines.append("Outbox: " + ", ".join(f"{rows} {state}" for state, rows in now["outbox"].items()))
    lines.append(f"Errors: {sum(now['errors'].values())}")
    lines.append(f"Conflicts to decide: {now['conflicts']}")
    api = now["api"]
    lines.append(
        f"API calls in 24 hours: {api['used_by_us']} ours, {api['used_by_org']} of {api['limit']} all"
    )
    return Answer("\n".join(lines), now)


def _ago(seconds: int | None) -> str:
    return "never" if seconds is None else f"{seconds} s ago"

from typing import Any

from integrations.configuration.options import OPTIONS
from integrations.configuration.workspace import Row, State, one_or_several, read_state
from integrations.models import Connection


def export_configuration() -> dict[str, Any]:
    """Everything that `import_configuration` takes, as JSON values; importing it changes nothing."""
    return as_file(read_state(Connection.objects.live().first()))


def as_file(state: State) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    for option in OPTIONS:
        value = state.settings[option.path]
        if option.always_exported or value != option.default:
            group, _, key = option.path.rpartition(".")
            (settings.setdefault(group, {}) if group else settings)[key] = value
    return {
        "settings": settings,
        "maps": {name: [as_row(*item) for item in rows.items()] for name, rows in state.maps.items()},
        "values": {key: dict(pairs) for key, pairs in state.values.items()},
        "stages": {name: dict(choice) for name, choice in state.stages.items()},
        "owners": {email: one_or_several(ids) for email, ids in state.owners.items()},
    }


def as_row(field: str, row: Row) -> dict[str, Any]:
    """A row as the file has it. A custom field's says `create`, for a workspace that lacks it."""
    exported = {"field": field, **row}
    if not exported["once_per_value"]:
        del exported["once_per_value"]
    if field.startswith("custom."):
        exported["create"] = True
    return exported

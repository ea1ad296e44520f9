from typing import Any

import pytest

from integrations.configuration.options import OPTIONS
from integrations.configuration.words import change_in_words, name_in_words


@pytest.mark.parametrize(
    ("path", "before", "after", "said"),
    [
        ("settings.people.push_new", False, True, ("Create new people in Salesforce", "off", "on")),
        ("settings.accounts.delete_sync", True, False, ("Deletion sync of accounts", "on", "off")),
        ("settings.people.only_stages", None, ["Hot", None],
         ("Only people at certain stages", "none", "Hot, no stage")),
        ("maps.Contact.mobile_phone", None, {"salesforce": "MobilePhone"},
         ("Field map: Contact · mobile phone", "none", "mapped to MobilePhone")),
        ("settings.pull.filters", {}, {"Lead": [{"field": "Country", "operator": "in", "value": ["France", "UK"]},
                                                {"field": "Email", "operator": "filled"}]},
         ("Only records that meet", "none", "Lead where Country is one of France, UK and Email is filled")),
        ("owners.a_b@acme.example", None, "005", ("Owner: a_b@acme.example", "none", "005")),
        ("connection.state", "configuring", "active", ("State", "Setting up", "Syncing")),
        ("connection.window_ends_at", "2026-03-02T18:00:00+00:00", "2026-03-03T00:00:00+00:00",
         ("End of the time to set up", "2 Mar 2026, 18:00", "3 Mar 2026, 00:00")),
        ("connection", None, "Acme as Ina", ("Signed in to", "none", "Acme as Ina")),
    ],
)  # fmt: skip
def test_a_change_is_told_in_words(path: str, before: Any, after: Any, said: tuple[str, str, str]) -> None:
    assert tuple(change_in_words({"path": path, "from": before, "to": after}).values()) == said


def test_every_setting_has_a_name_in_words() -> None:
    assert not [option.path for option in OPTIONS if "_" in name_in_words(f"settings.{option.path}")]

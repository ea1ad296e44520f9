"""Scripts that once ended in disagreement, by what was wrong."""

from collections.abc import Callable

import pytest

from integrations.tests.two_sided.steps import Delete, Make, Pull, Push, Script, Skip, Undelete

pytestmark = pytest.mark.django_db(transaction=True)

FOUND = {
    "a late commit after a long wait": Script(
        (
            Make("here", "deal"),
            Push(at="push.answered", then=(Skip(700, "here"),)),
            Pull(at="pull.extract ended", then=(Pull(),)),
            Make("there", "deal", late=300),
            Push(),
            Make("there", "deal"),
            Pull(at="pull.chunk committed"),
        ),
        key=True,
        deletes=True,
    ),
    "undeleted there, with a new person of its e-mail here": Script(
        (
            Pull(at="pull.page staged", then=(Make("here", "contact"), Delete("there", "contact", 0))),
            Make("here", "contact"),
            Undelete("contact", 0),
        ),
        ("salesforce",),
        False,
        False,
        False,
        False,
        True,
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_a_script_that_once_failed_ends_in_agreement(name: str, run_script: Callable[[Script], None]) -> None:
    run_script(FOUND[name])

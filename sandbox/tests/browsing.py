"""A person's browser on the org's own pages."""

import re

from sandbox.testing import RunningOrg
from sandbox.tests.calling import Reply, post_form, send, user_id


class Browser:
    """Keeps the cookie and the form token of its session."""

    def __init__(self, org: RunningOrg, username: str = "sales@acme.example") -> None:
        self.org = org
        reply = post_form(org, "/ui/sign-in", {"user": user_id(org, username)})
        self.cookie = reply.headers["set-cookie"].split(";")[0]
        found = re.search(r'name="_form_token" value="(\w+)"', self.get("/ui/setup").text)
        assert found
        self.token = found[1]

    def get(self, path: str) -> Reply:
        return send(self.org, "GET", path, headers={"Cookie": self.cookie})

    def post(self, path: str, **fields: str) -> Reply:
        return post_form(self.org, path, {"_form_token": self.token} | fields, {"Cookie": self.cookie})


def make(browser: Browser, name: str, **fields: str) -> str:
    """Create a record on its form; returns its id."""
    reply = browser.post(f"/ui/{name}/new", **fields)
    assert reply.status == 303, reply.text
    return reply.headers["location"].rpartition("/")[2]

"""What people do in the browser, in their own words. Waits for what they would see, never for time."""

import re
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

PASSWORD = "lockstep-demo"
RUN_MILLISECONDS = 120_000


@dataclass(frozen=True)
class Visitor:
    """Somebody in front of the workspace at `url`."""

    page: Page
    url: str

    def sign_in(self, role: str) -> None:
        self.page.goto(f"{self.url}/")
        self.page.get_by_label("E-mail or user name").fill(f"{role}@acme.example")
        self.page.get_by_label("Password").fill(PASSWORD)
        self.press("Log in")
        expect(self.page.get_by_role("heading", name="Hello")).to_be_visible()

    def open(self, item: str) -> None:
        """An item of the sidebar."""
        self.page.get_by_role("link", name=item).first.click()

    def go(self, path: str) -> int:
        answer = self.page.goto(f"{self.url}{path}")
        return answer.status if answer else 0

    def press(self, button: str) -> None:
        self.page.get_by_role("button", name=button).first.click()

    def follow(self, link: str) -> None:
        self.page.get_by_role("link", name=link).first.click()

    def sees(self, words: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_text(words).first).to_be_visible()

    def send(self, path: str) -> int:
        """A form that no page shows, sent all the same: what does the server say?"""
        token = next(c["value"] for c in self.page.context.cookies(self.url) if c["name"] == "csrftoken")
        headers = {"X-CSRFToken": token, "Referer": self.page.url}
        return self.page.request.post(f"{self.url}{path}", headers=headers, max_redirects=0).status

    # The overview

    def tile(self, name: str) -> Locator:
        return self.page.get_by_role("region", name=name, exact=True)

    def wait_for_pull(self) -> None:
        """Until the overview, left alone, shows that the pull has ended."""
        expect(self.page.get_by_role("button", name="Pull everything now")).to_be_enabled(
            timeout=RUN_MILLISECONDS
        )

    # Records

    def find(self, kind: str, words: str) -> None:
        """Search a list and open the only hit."""
        self.go(f"/{kind}/")
        self.page.get_by_role("searchbox").fill(words)
        self.page.keyboard.press("Enter")
        links = self.page.locator(f"#list td a[href^='/{kind}/']")
        expect(links).to_have_count(1)
        links.click()

    def value(self, label: str) -> Locator:
        shown = self.page.locator("dl.ls-values > div").filter(
            has=self.page.get_by_role("button", name=f"Why this value of {label}?", exact=True)
        )
        return shown.locator("dd").first

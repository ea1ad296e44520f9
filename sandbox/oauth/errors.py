class OAuthError(Exception):
    """Answered as a JSON object with HTTP 400, unlike data errors, which are an array (api.md, 1 and 6)."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.status = status

    def body(self) -> dict[str, str]:
        return {"error": self.error, "error_description": self.description}

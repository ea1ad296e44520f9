"""The org as an OAuth 2.0 authorization server, as Salesforce answers (api.md, section 1)."""

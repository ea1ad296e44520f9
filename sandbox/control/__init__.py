"""`/sandbox/api/…`: what tests and demos do to the org from outside Salesforce's own API (README)."""

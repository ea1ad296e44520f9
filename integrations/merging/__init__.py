"""Merges made in the workspace, what Salesforce will and won't do then, and the way back (spec C8, C9)."""

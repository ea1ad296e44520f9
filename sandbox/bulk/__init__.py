"""Bulk API 2.0 (api.md, section 8). Query jobs stand here; what they share with ingest is in `jobs`."""

"""Bulk API 2.0 (api.md, section 8): query jobs, ingest jobs, and in `jobs` what they share."""

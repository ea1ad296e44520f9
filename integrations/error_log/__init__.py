"""The error log as people read it: grouped by cause, one error explained, exported (spec E1, E2)."""

"""Servers that this checkout runs for itself in development, demo and tests (docs/decisions/0002)."""

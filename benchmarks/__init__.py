"""How fast pull, push and pages are, beside what PostgreSQL and the org can do on this machine (docs/benchmarks.md)."""

"""How fast the pull is, beside what PostgreSQL itself can do on the same machine (docs/benchmarks.md)."""

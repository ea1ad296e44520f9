"""SOQL: read by a tokenizer and a recursive-descent parser, compiled to SQLite's SQL."""

"""The people database: people and companies to prospect and enrich from."""

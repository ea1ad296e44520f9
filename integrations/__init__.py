"""The connection to Salesforce, the sync processes and everything that watches them."""

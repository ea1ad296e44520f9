"""Accounts, contacts, deals, their stages and lists, and the journal of every change."""

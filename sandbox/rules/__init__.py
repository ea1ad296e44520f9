"""What Salesforce checks, fills in and carries along when a record is written."""

"""The handlers behind `manage.py salesforce`: each takes the parsed options and returns what to print."""

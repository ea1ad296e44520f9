"""The door: the only package that speaks to Salesforce. It knows no models and no database."""

"""A stand-in Salesforce org over HTTP, for the demo and the tests. Knows nothing of the product."""

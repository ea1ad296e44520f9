"""The door to one org: everything Lockstep ever asks of Salesforce, after sign-in."""

from integrations.salesforce.bulk import BulkCalls
from integrations.salesforce.queries import QueryCalls
from integrations.salesforce.rows import RowCalls
from integrations.salesforce.schema import SchemaCalls


class Org(SchemaCalls, QueryCalls, BulkCalls, RowCalls):
    """One org as one user. Make one per thread or worker; every call may raise a SalesforceError.

    Org(tokens, api_version="62.0", meter=None, timeout=(10.0, 120.0)). It refreshes the token once on a
    refreshable 401 and replays, repeats GETs a few times with growing waits, and never repeats a write.
    """

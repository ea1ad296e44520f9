"""The REST API's data resources, as routes over an org."""

from collections.abc import Callable

from sandbox.org import Org
from sandbox.rest.batch import batch_routes
from sandbox.rest.collections import collection_routes
from sandbox.rest.composite import composite_routes
from sandbox.rest.describe import describe_routes
from sandbox.rest.external import external_routes
from sandbox.rest.limits import Usage, limit_routes
from sandbox.rest.query import query_routes
from sandbox.rest.records import record_routes
from sandbox.rest.replication import replication_routes
from sandbox.rest.resources import resource_routes
from sandbox.rest.uiapi import uiapi_routes
from sandbox.web import Router


def data_routes(org: Org, usage: Callable[[], Usage] | None = None) -> Router:
    """All of `/services/data`. `usage` tells what of the day is used, for limits."""
    router = Router()
    for made in (
        resource_routes(org),
        limit_routes(org, usage or Usage),
        query_routes(org),
        collection_routes(org),
        composite_routes(org, router),
        batch_routes(router),
        uiapi_routes(org),
        describe_routes(org),
        replication_routes(org),
        record_routes(org),
        external_routes(org),
    ):
        router.include(made)
    return router

"""Limits and rough row counts."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.org import Org
from sandbox.rest.caller import DATA, caller
from sandbox.web import Request, Response, Router, json_response

_ALLOWED = {
    "ConcurrentAsyncGetReportInstances": 200,
    "DailyAsyncApexExecutions": 250_000,
    "DailyBulkApiBatches": 15_000,
    "DailyBulkV2QueryFileStorageMB": 976_562,
    "DailyBulkV2QueryJobs": 10_000,
    "DailyGenericStreamingApiEvents": 10_000,
    "DailyStreamingApiEvents": 10_000,
    "DataStorageMB": 10_240,
    "FileStorageMB": 10_240,
    "HourlyODataCallout": 1_000,
    "MassEmail": 5_000,
    "MonthlyPlatformEventsUsageEntitlement": 1_500_000,
    "SingleEmail": 5_000,
}


@dataclass(frozen=True)
class Usage:
    """API calls allowed and used, and Bulk batches used, within a day."""

    most_calls: int = 100_000
    calls: int = 0
    bulk_batches: int = 0


def limit_routes(org: Org, usage: Callable[[], Usage]) -> Router:
    router = Router()

    @router.get(DATA + "/limits")
    def limits(request: Request, version: str) -> Response:
        caller(request, version)
        used = usage()
        found = {name: {"Max": most, "Remaining": most} for name, most in _ALLOWED.items()}
        found["DailyApiRequests"] = _left(used.most_calls, used.calls)
        found["DailyBulkApiBatches"] = _left(_ALLOWED["DailyBulkApiBatches"], used.bulk_batches)
        return json_response(dict(sorted(found.items())))

    @router.get(DATA + "/limits/recordCount")
    def record_count(request: Request, version: str) -> Response:
        caller(request, version)
        asked = (request.arg("sObjects") or "").split(",")
        names = [name.strip() for name in asked if name.strip()] or [kind.name for kind in org.registry]
        kinds = [kind for name in names if (kind := org.registry.find(name))]
        return json_response(
            {"sObjects": [{"count": org.count(kind.name), "name": kind.name} for kind in kinds]}
        )

    return router


def _left(most: int, used: int) -> dict[str, int]:
    return {"Max": most, "Remaining": max(0, most - used)}

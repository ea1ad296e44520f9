"""python -m benchmarks.pulling RUN: work on a run in a process of its own and tell time and memory as JSON."""

import json
import resource
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from benchmarks import workplace
from integrations.models import SyncRun
from integrations.salesforce.bulk import QueryJob
from integrations.sync.pull.extract import Extract
from integrations.sync.pull.objects import ObjectRun
from integrations.sync.pull.slices import work_on
from integrations.tokens import open_org

NAP = 0.05


class Stopwatch:
    """Starts when the job is complete; keeps what each part took."""

    def __init__(self) -> None:
        self.began: float | None = None
        self.parts: defaultdict[str, float] = defaultdict(float)

    def watch(self, owner: type, name: str, part: str) -> None:
        method: Callable[..., Any] = getattr(owner, name)

        def watched(*arguments: Any, **options: Any) -> Any:
            began = time.perf_counter()
            try:
                return method(*arguments, **options)
            finally:
                self.parts[part] += time.perf_counter() - began

        setattr(owner, name, watched)

    def start_at_the_complete_job(self) -> None:
        look = Extract._finished_job

        def finished_job(extract: Extract, job_id: str) -> QueryJob:
            job = look(extract, job_id)
            self.began = self.began or time.perf_counter()
            self.parts.clear()
            return job

        Extract._finished_job = finished_job  # type: ignore[method-assign,assignment]


def main() -> None:
    run = SyncRun.objects.select_related("connection").get(pk=int(sys.argv[1]))
    watch = Stopwatch()
    watch.start_at_the_complete_job()
    watch.watch(Extract, "_save_bulk_page", "COPY")
    watch.watch(ObjectRun, "_apply", "apply")
    org = open_org(run.connection, feature="pull")
    while not work_on(run, org=org, clock=workplace.now, seconds=600):
        time.sleep(NAP)
    took = time.perf_counter() - (watch.began or time.perf_counter())
    child = run.children.get()
    answer = {
        "state": child.state,
        "rows": child.counts["created"],
        "seconds": took,
        "parts": {part: round(seconds, 2) for part, seconds in watch.parts.items()},
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()

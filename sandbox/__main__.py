"""`python -m sandbox serve --port N --db FILE`: run a stand-in Salesforce org."""

import argparse
import signal
import sys
import threading
from pathlib import Path

from sandbox.opening import Host, Settings
from sandbox.server import OrgServer


def main(arguments: list[str] | None = None) -> int:
    given = _parser().parse_args(arguments)
    try:
        server = OrgServer(given.port)
    except OSError as error:
        sys.stderr.write(f"Port {given.port} can't be used ({error.strerror}). Choose another with --port.\n")
        return 1
    url = (given.public_url or f"http://127.0.0.1:{server.port}").rstrip("/")
    try:
        server.host = Host(
            Settings(
                file=given.db,
                url=url,
                seed=given.seed,
                org_id=given.org_id,
                org_name=given.org_name,
                production=given.production,
            )
        )
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    _serve(server)
    return 0


def _serve(server: OrgServer) -> None:
    """Until SIGTERM or SIGINT."""
    stop = threading.Event()
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda *_: stop.set())
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    sys.stdout.write(f"Sandbox Salesforce at http://127.0.0.1:{server.port}\n")
    sys.stdout.flush()
    stop.wait()
    server.shutdown()
    server.server_close()
    server.host.front.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="A stand-in Salesforce org over HTTP."
    )
    serve = parser.add_subparsers(required=True, metavar="command").add_parser("serve", help="run the org")
    serve.add_argument("--port", type=int, default=8901, help="0: any free port")
    serve.add_argument("--db", type=Path, required=True, help="the org's SQLite file; made when missing")
    serve.add_argument("--seed", choices=["demo", "empty"], default="demo", help="what a new org holds")
    serve.add_argument("--public-url", default="", help="the address clients are told (instance_url)")
    serve.add_argument("--org-id", default="", help="15 or 18 characters, for a new org")
    serve.add_argument("--org-name", default="Acme")
    serve.add_argument("--production", action="store_true", help="not a Salesforce sandbox (IsSandbox false)")
    return parser


if __name__ == "__main__":
    sys.exit(main())

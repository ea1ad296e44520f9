"""python -m config.embedded postgres|broker: run one embedded server in the foreground."""

import argparse
import sys

from config.embedded import broker, keeper, postgres
from config.embedded.locations import EmbeddedServerError


def main() -> int:
    servers: dict[str, keeper.RunnableServer] = {
        server.name: server for server in (postgres.SERVER, broker.SERVER)
    }
    parser = argparse.ArgumentParser(prog="python -m config.embedded", description=__doc__)
    parser.add_argument("server", choices=servers)
    parser.add_argument("--while-used", action="store_true", help="stop when its last user has gone")
    arguments = parser.parse_args()
    run = keeper.keep_while_used if arguments.while_used else keeper.keep_until_told
    try:
        run(servers[arguments.server])
    except EmbeddedServerError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

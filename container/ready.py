"""Tell whether the service can answer, for a container's health check: exit 0, or 1 and why."""

import os
import sys
from http.client import HTTPConnection, HTTPException

PATIENCE = 4.0  # seconds; the check itself is given up after 5


def main() -> None:
    """Ask /readyz on the port that the service is bound to."""
    port = os.environ["LAPIDARY_BIND"].rpartition(":")[2]
    connection = HTTPConnection("127.0.0.1", int(port), timeout=PATIENCE)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        print(response.read().decode())
    except (OSError, HTTPException) as error:
        sys.exit(f"no answer on port {port}: {error!r}")
    sys.exit(0 if response.status == 200 else 1)


if __name__ == "__main__":
    main()

"""Now: this machine's clock, and of the local target the stand-in's, which a test or a demo may set."""

from __future__ import annotations

import json
import urllib.request
from datetime import UTC, datetime

from interlock.gcp import CloudError, local_url

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback is not for proxies
SECONDS = 5


def clock() -> datetime:
    """Now, as an aware UTC instant. CloudError when the stand-in does not say."""
    if (url := local_url()) is None:
        return datetime.now(UTC)
    try:
        with _DIRECT.open(f"{url}/_local/clock", timeout=SECONDS) as answer:
            return datetime.fromisoformat(json.load(answer)["now"]).astimezone(UTC)
    except (OSError, ValueError, KeyError) as error:
        raise CloudError(f"the local target at {url} does not say what time it is: {error}") from error

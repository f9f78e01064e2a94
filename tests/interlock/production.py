"""An environment of production that nobody has filled in yet, and the same filled in as docs/production.md asks.

The repository's own is somebody's to fill in: no test but one reads it.
"""

from __future__ import annotations

from pathlib import Path

SHIPPED = Path(__file__).parents[2] / "environments" / "production.yaml"
UNFILLED = """\
# Fill this in before the first plan: docs/production.md.
project: your-project-id
project_number: "000000000000"
location: us-west2
bucket: your-project-id-interlock # the flags of backfills and the holds
state_bucket: your-project-id-interlock-state # Terraform's state, made by `make bootstrap`
invoker: scheduler-invoker@your-project-id.iam.gserviceaccount.com # needs run.invoker on the services, nothing else
url_patterns:
  # Cloud Run's deterministic URLs: https://cloud.google.com/run/docs/triggering/https-request#deterministic
  run: https://{service}-{project_number}.{region}.run.app
  function: https://{region}-{project}.cloudfunctions.net/{service}
service_urls: {} # for a service whose URL does not follow the pattern
max_hold: 4d
require: [reason, owner]
allow_destroy: false
coordinator:
  name: interlock-coordinator
  region: us-west2
  operators: [] # who may hold, extend and release, and see what is held, as "group:data-platform@example.com"
  viewers: [] # who may look at the board, and do nothing else
tick: 10m # how often the coordinator reconciles, whatever happens
# More conflicts of one table than this in a period hold its writers. Conflicts are counted up to ten minutes late, and have to
# last for one: a period of 11 minutes or less may see none of them.
breaker: {conflicts: 3, period: 15m, hold: 30m}
notification_channels: # Slack: make the channel in the console, which asks Slack for its token, and write its name here
  on-call: {type: email, address: on-call@example.com}
  # data-alerts: {type: slack, channel: projects/your-project-id/notificationChannels/1234567890}
  # relay: {type: pubsub, topic: projects/your-project-id/topics/alerts}
alerts_owner: data-platform # the `owner` label of the alert policies
"""
"""As the repository ships it."""
FILLED = {
    "your-project-id": "acme-scrapers",
    '"000000000000"': '"420981337220"',
    "operators: []": 'operators: ["group:data-platform@acme.dev"]',
    "on-call@example.com": "on-call@acme.dev",
}


def filled_in() -> str:
    """Its text."""
    text = UNFILLED
    for sample, value in FILLED.items():
        assert sample in text
        text = text.replace(sample, value)
    return text

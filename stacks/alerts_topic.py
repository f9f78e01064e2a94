"""How an alert reaches the coordinator: a topic that the conflict policy notifies, and a push subscription with OIDC.

The Pub/Sub service agent signs the tokens by the role that Google gives it (roles/pubsub.serviceAgent).
"""

from __future__ import annotations

from interlock.environment import Environment
from interlock.runtime.callers import SUBSCRIPTION
from stacks.cdk import (
    BaseStack,
    ITerraformDependable,
    PubsubSubscription,
    PubsubSubscriptionExpirationPolicy,
    PubsubSubscriptionPushConfig,
    PubsubSubscriptionPushConfigOidcToken,
    PubsubSubscriptionRetryPolicy,
    PubsubTopic,
    ServiceAccount,
)

TOPIC = "interlock-alerts"
ACK_SECONDS = 600
"""The longest that Pub/Sub allows, above the function's timeout: a slow request is not sent again meanwhile."""
KEEP = "3600s"
"""An incident that nobody took for so long is older than the breaker's hold would be."""


def add_alerts_topic(
    stack: BaseStack, env: Environment, *, account: ServiceAccount, function: ITerraformDependable, apis: ITerraformDependable
) -> None:
    """The topic and its subscription, which calls the coordinator as `account`."""
    labels = {"managed-by": "interlock"}
    topic = PubsubTopic(stack.among(PubsubTopic), "alerts", name=TOPIC, labels=labels, depends_on=[apis])
    PubsubSubscription(
        stack.among(PubsubSubscription),
        "alerts",
        name=SUBSCRIPTION,
        topic=topic.id,
        labels=labels,
        ack_deadline_seconds=ACK_SECONDS,
        message_retention_duration=KEEP,
        # Else a subscription without an alert for a month is deleted.
        expiration_policy=PubsubSubscriptionExpirationPolicy(ttl=""),
        retry_policy=PubsubSubscriptionRetryPolicy(minimum_backoff="10s", maximum_backoff="300s"),
        push_config=PubsubSubscriptionPushConfig(
            push_endpoint=f"{env.coordinator_url}/incident",
            oidc_token=PubsubSubscriptionPushConfigOidcToken(service_account_email=account.email, audience=env.coordinator_url),
        ),
        depends_on=[function],
    )

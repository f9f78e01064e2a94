"""The stack `alerting`: channels, alert policies and the dashboard, over the metrics of `coordination`.

A policy on a metric that is minutes old is refused with 404 "Cannot find metric(s)"; `interlock deploy` tries again then.
"""

from __future__ import annotations

from interlock.environment import OWN_CHANNEL, Environment
from interlock.names import exact
from interlock.terraform.attributes import go_duration
from stacks.alert_policies import BREAKER, RUNBOOK, Policy, policies
from stacks.alerts_topic import TOPIC
from stacks.cdk import (
    BaseStack,
    Construct,
    MonitoringAlertPolicy,
    MonitoringAlertPolicyAlertStrategy,
    MonitoringAlertPolicyAlertStrategyNotificationRateLimit,
    MonitoringAlertPolicyConditions,
    MonitoringAlertPolicyConditionsConditionAbsent,
    MonitoringAlertPolicyConditionsConditionAbsentAggregations,
    MonitoringAlertPolicyConditionsConditionMatchedLog,
    MonitoringAlertPolicyConditionsConditionThreshold,
    MonitoringAlertPolicyConditionsConditionThresholdAggregations,
    MonitoringAlertPolicyDocumentation,
    MonitoringDashboard,
    MonitoringNotificationChannel,
    PubsubTopicIamMember,
    literal,
)
from stacks.dashboard import dashboard

STACK = "alerting"
ONCE_AN_HOUR = "3600s"
MINUTE = "60s"
RETEST = MINUTE
"""The shortest duration with which a condition may say what missing data means:
https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#MetricThreshold"""
LABEL_OF = {"email": "email_address", "pubsub": "topic"}
"""The label that says where: https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.notificationChannelDescriptors"""
AGENT = "service-{number}@gcp-sa-monitoring-notification.iam.gserviceaccount.com"
"""Google's account that publishes alerts: https://cloud.google.com/monitoring/support/notification-options#pubsub"""


class AlertingStack(BaseStack):
    """Who is told of what."""

    def __init__(self, scope: Construct, *, env: Environment) -> None:
        super().__init__(scope, STACK, env=env)
        people = self._channels()
        breaker = self._breaker_channel()
        for policy in policies(env):
            self._policy(policy, channels=[*people, breaker] if policy.breaker else people)
        MonitoringDashboard(self.among(MonitoringDashboard), "interlock", dashboard_json=literal(dashboard(env)))

    def _channels(self) -> list[str]:
        """The channels of the environment. Those of Slack were made by hand and have names; the rest are made here."""
        names = []
        for name, channel in sorted(self.env.notification_channels.items()):
            if channel.kind == "slack":
                names.append(channel.target)
                continue
            made = MonitoringNotificationChannel(
                self.among(MonitoringNotificationChannel),
                name,
                display_name=f"Interlock: {name}",
                type=channel.kind,
                labels={LABEL_OF[channel.kind]: literal(channel.target)},
                user_labels={"managed-by": "interlock"},
            )
            names.append(made.name)
        return names

    def _breaker_channel(self) -> str:
        """The topic that the coordinator hears. Google's account is born with the first such channel, so it may publish only
        afterwards."""
        channel = MonitoringNotificationChannel(
            self.among(MonitoringNotificationChannel),
            OWN_CHANNEL,
            display_name="Interlock: coordinator",
            type="pubsub",
            labels={"topic": f"projects/{self.env.project}/topics/{TOPIC}"},
            user_labels={"managed-by": "interlock"},
        )
        PubsubTopicIamMember(
            self.among(PubsubTopicIamMember),
            "publisher",
            topic=TOPIC,
            role="roles/pubsub.publisher",
            member="serviceAccount:" + AGENT.format(number=self.env.project_number),
            depends_on=[channel],
        )
        return channel.name

    def _policy(self, policy: Policy, *, channels: list[str]) -> None:
        title = f"Interlock: {policy.title}"
        MonitoringAlertPolicy(
            self.among(MonitoringAlertPolicy),
            policy.key,
            display_name=title,
            combiner="OR",
            severity=policy.severity,
            conditions=[_condition(policy)],
            notification_channels=channels,
            documentation=MonitoringAlertPolicyDocumentation(
                subject=title, mime_type="text/markdown", content=literal(documentation(policy, self.env))
            ),
            alert_strategy=MonitoringAlertPolicyAlertStrategy(
                auto_close=go_duration(policy.auto_close),
                # Only a policy that matches entries may have one, and has to.
                notification_rate_limit=MonitoringAlertPolicyAlertStrategyNotificationRateLimit(period=ONCE_AN_HOUR)
                if policy.kind == "each"
                else None,
            ),
            user_labels={
                "managed-by": "interlock",
                "owner": self.env.alerts_owner,
                "runbook": policy.key,
                **({"interlock": BREAKER} if policy.breaker else {}),
            },
        )


def documentation(policy: Policy, env: Environment) -> str:
    """What a notification says: what has happened, the first command, and where to read on. Cloud Monitoring fills in
    `${metric.label...}`."""
    known = {
        "{above}": f"{policy.above:g}",
        "{period}": exact(policy.period),
        "{hold}": exact(env.breaker.hold),
        "{env}": env.name,
        "{project}": env.project,
        "{bucket}": env.bucket,
    }
    first = f"First:\n\n```\n{policy.command}\n```\n\nBoard: {env.board_url}\n\n"
    text = f"{policy.what}\n\n{first}Then: {RUNBOOK}#{policy.key}. Owner: {env.alerts_owner}.\n"
    for name, value in known.items():
        text = text.replace(name, value)
    # The label of a metric that entries are counted by is one that is extracted from each entry that is matched.
    return text.replace("${metric.label.", "${log.extracted_label.") if policy.kind == "each" else text


def _condition(policy: Policy) -> MonitoringAlertPolicyConditions:
    metric = policy.metric
    if policy.kind == "each":
        return MonitoringAlertPolicyConditions(
            display_name=policy.title,
            condition_matched_log=MonitoringAlertPolicyConditionsConditionMatchedLog(
                filter=literal(metric.filter), label_extractors={key: literal(value) for key, value in metric.labels.items()}
            ),
        )
    # Without resource.type a filter is refused (terraform-provider-google#7179).
    filter_ = f'metric.type="{metric.type}" AND resource.type="{metric.resource}"'
    if policy.kind == "absent":
        return MonitoringAlertPolicyConditions(
            display_name=policy.title,
            # Only of what was seen since the policy was made or changed: https://cloud.google.com/monitoring/alerts/metric-absence
            condition_absent=MonitoringAlertPolicyConditionsConditionAbsent(
                filter=filter_,
                duration=go_duration(policy.period),
                aggregations=[
                    MonitoringAlertPolicyConditionsConditionAbsentAggregations(
                        alignment_period=MINUTE, per_series_aligner="ALIGN_DELTA", cross_series_reducer="REDUCE_SUM"
                    )
                ],
            ),
        )
    return MonitoringAlertPolicyConditions(
        display_name=f"More than {policy.above:g} in {exact(policy.period)}",
        condition_threshold=MonitoringAlertPolicyConditionsConditionThreshold(
            filter=filter_,
            comparison="COMPARISON_GT",
            threshold_value=policy.above,
            # A counter that goes silent reports nothing, and without data an incident stays open for the policy's auto_close.
            duration=RETEST if policy.breaker else "0s",
            evaluation_missing_data="EVALUATION_MISSING_DATA_INACTIVE" if policy.breaker else None,
            aggregations=[
                MonitoringAlertPolicyConditionsConditionThresholdAggregations(
                    alignment_period=go_duration(policy.period),
                    per_series_aligner="ALIGN_DELTA",
                    cross_series_reducer="REDUCE_SUM",
                    group_by_fields=[f"metric.label.{policy.by}"] if policy.by else None,
                )
            ],
        ),
    )

"""The monitored resources that Cloud Monitoring knows, with the labels of those that we know them of.

The types are those of https://cloud.google.com/monitoring/api/resources. Those with their service in the name
(`workflows.googleapis.com/Workflow`) come and go with the services, and are all taken for known. Cloud Logging knows more
types than these, and a policy on a metric of such a one is refused: terraform-provider-google #13349 (iam_role, gce_route).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_OF_A_SERVICE = re.compile(r"[a-z][a-z0-9.-]*\.googleapis\.com/[A-Za-z0-9_]+")
_LABELS: Mapping[str, str] = {
    "api": "project_id service method version location",
    "audited_resource": "project_id service method",
    "bigquery_dataset": "project_id dataset_id",
    "bigquery_project": "project_id location",
    "cloud_function": "project_id function_name region",
    "cloud_run_job": "project_id job_name location",
    "cloud_run_revision": "project_id service_name revision_name location configuration_name",
    "cloud_scheduler_job": "project_id location job_id",
    "cloud_tasks_queue": "project_id target_type queue_id location",
    "cloudsql_database": "project_id database_id region",
    "consumed_api": "project_id service credential_id version location method",
    "gce_instance": "project_id instance_id zone",
    "gcs_bucket": "project_id bucket_name location",
    "generic_node": "project_id location namespace node_id",
    "generic_task": "project_id location namespace job task_id",
    "global": "project_id",
    "k8s_cluster": "project_id location cluster_name",
    "k8s_container": "project_id location cluster_name namespace_name pod_name container_name",
    "k8s_node": "project_id location cluster_name node_name",
    "k8s_pod": "project_id location cluster_name namespace_name pod_name",
    "pubsub_subscription": "project_id subscription_id",
    "pubsub_topic": "project_id topic_id",
    "uptime_url": "project_id host",
}
_NAMES = """
    app_script_function assistant_action autoscaler aws_alb_load_balancer aws_cloudfront_distribution aws_dynamodb_table
    aws_ebs_volume aws_ec2_instance aws_elasticache_cluster aws_elb_load_balancer aws_emr_cluster aws_kinesis_stream
    aws_lambda_function aws_rds_database aws_redshift_cluster aws_s3_bucket aws_ses aws_sns_topic aws_sqs_queue
    bigtable_cluster bigtable_table build cloud_composer_environment cloud_dataproc_cluster cloud_dataproc_job
    cloudiot_device cloudiot_device_registry cloudml_job cloudml_model_version csr_repository dataflow_job datastore_request
    dns_managed_zone dns_policy dns_query filestore_instance firebase_domain firebase_namespace firestore_instance gae_app
    gae_instance gce_disk gce_node_group gce_node_template gce_resource_policy gce_router gke_container https_lb_rule
    identitytoolkit_project identitytoolkit_tenant instance_group interconnect interconnect_attachment internal_http_lb_rule
    internal_tcp_lb_rule internal_udp_lb_rule knative_revision l7_lb_rule logging_exclusion logging_sink metric
    microsoft_ad_domain nat_gateway netapp_cloud_volume network_security_policy prometheus_target pubsub_snapshot
    recommender redis_instance spanner_instance tcp_lb_rule tcp_ssl_proxy_rule tpu_worker udp_lb_rule vpc_access_connector
    vpn_gateway
    """
_OTHERS = frozenset(_NAMES.split())


def is_known(kind: str) -> bool:
    """Whether Cloud Monitoring has time series of such a resource."""
    return kind in _LABELS or kind in _OTHERS or _OF_A_SERVICE.fullmatch(kind) is not None


def labels(kind: str) -> frozenset[str] | None:
    """The labels of the resource; None if nobody wrote them down here."""
    return frozenset(_LABELS[kind].split()) if kind in _LABELS else None

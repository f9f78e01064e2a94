"""The contract of each type that the stacks use: two small versions of one resource, and what Terraform is to say of them.

`<p>` is the run's prefix, `<p_>` the same with underscores, `<project>` and `<region>` the target's, `<source>` the archive of
the coordinator. Each is what Google takes: an account is there before it is a member, a filter names its resource's type.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Contract:
    """A resource in two versions: `body` with each of `values` in place of `<v>`. `change` is what the plan of the second says,
    `imported` what a plan says of an import of it: nothing, or what Google doesn't know. `import_id` has the state's id as
    `<id>`; without one the type has no importer."""

    type: str
    body: str
    values: tuple[str, str]
    change: str
    import_id: str = "<id>"
    imported: str = ""

    @property
    def name(self) -> str:
        """The resource's own, as all are in one configuration."""
        return self.type.removeprefix("google_")

    def hcl(self, version: int) -> str:
        """The first version, 0, or the second, 1."""
        return f'resource "{self.type}" "{self.name}" {{{self.body.replace("<v>", self.values[version])}}}\n'

    @property
    def address(self) -> str:
        """Of the resource."""
        return f"{self.type}.{self.name}"


ACCOUNT = "google_service_account.service_account"
MEMBER = f"${{{ACCOUNT}.member}}"
IT = "serviceAccount:<p>-it@<project>.iam.gserviceaccount.com"
BUCKET = "google_storage_bucket.storage_bucket.name"
TOPIC = "google_pubsub_topic.pubsub_topic"
LABELS = 'labels = { purpose = "conformance" }'

CONTRACTS = (
    Contract(
        type="google_project_service",
        body="""
  service                    = "cloudscheduler.googleapis.com"
  disable_on_destroy         = false
  disable_dependent_services = <v>
""",
        values=("false", "true"),
        change="update disable_dependent_services",
        import_id="<project>/cloudscheduler.googleapis.com",
        imported="update disable_dependent_services disable_on_destroy",
    ),
    Contract(
        type="google_service_account",
        body='\n  account_id   = "<p>-it"\n  display_name = "<v>"\n',
        values=("One", "Two"),
        change="update display_name",
    ),
    Contract(
        type="google_project_iam_custom_role",
        body="""
  role_id     = "<p_>_it"
  title       = "<v>"
  permissions = ["cloudscheduler.jobs.get", "cloudscheduler.jobs.list"]
""",
        values=("One", "Two"),
        change="update title",
    ),
    Contract(
        type="google_project_iam_member",
        body=f"""
  project = "<project>"
  role    = "<v>"
  member  = "{MEMBER}"
""",
        values=("roles/logging.viewer", "roles/pubsub.viewer"),
        change="replace",
        import_id=f"<project> roles/pubsub.viewer {IT}",
    ),
    Contract(
        type="google_storage_bucket",
        body=f"""
  name                        = "<p>-it-<project>"
  location                    = "<LOCATION>"
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true
  {LABELS}
  versioning {{ enabled = true }}
  lifecycle_rule {{
    action {{ type = "Delete" }}
    condition {{ days_since_noncurrent_time = <v> }}
  }}
""",
        values=("30", "60"),
        change="update lifecycle_rule",
        imported="update force_destroy labels terraform_labels",
    ),
    Contract(
        type="google_storage_bucket_iam_member",
        body=f"""
  bucket = {BUCKET}
  role   = "<v>"
  member = "{MEMBER}"
  condition {{
    title      = "only holds"
    expression = "resource.name.startsWith(\\"projects/_/buckets/<p>-it-<project>/objects/holds/\\")"
  }}
""",
        values=("roles/storage.objectViewer", "roles/storage.objectUser"),
        change="replace",
        import_id=f"b/<p>-it-<project> roles/storage.objectUser {IT} only holds",
    ),
    Contract(
        type="google_storage_bucket_object",
        body=f"""
  bucket       = {BUCKET}
  name         = "holds/a/b@c.json"
  content      = "<v>"
  content_type = "application/json"
""",
        values=("{}", "[]"),
        change="update content crc32c detect_md5hash generation md5hash",
        import_id="",
    ),
    Contract(
        type="google_pubsub_topic",
        body='\n  name   = "<p>-it"\n  labels = { version = "<v>" }\n',
        values=("one", "two"),
        change="update effective_labels labels terraform_labels",
        imported="update labels terraform_labels",
    ),
    Contract(
        type="google_pubsub_subscription",
        body=f"""
  name                       = "<p>-it"
  topic                      = {TOPIC}.id
  {LABELS}
  ack_deadline_seconds       = <v>
  message_retention_duration = "3600s"
  expiration_policy {{ ttl = "" }}
  retry_policy {{
    minimum_backoff = "10s"
    maximum_backoff = "300s"
  }}
  push_config {{
    push_endpoint = "https://example.com/incident"
    oidc_token {{
      service_account_email = {ACCOUNT}.email
      audience              = "https://example.com"
    }}
  }}
""",
        values=("300", "600"),
        change="update ack_deadline_seconds",
        imported="update labels terraform_labels",
    ),
    Contract(
        type="google_pubsub_topic_iam_member",
        body=f"""
  topic  = {TOPIC}.name
  role   = "<v>"
  member = "{MEMBER}"
""",
        values=("roles/pubsub.publisher", "roles/pubsub.viewer"),
        change="replace",
        import_id=f"projects/<project>/topics/<p>-it roles/pubsub.viewer {IT}",
    ),
    Contract(
        type="google_logging_metric",
        body="""
  name             = "<p>-it"
  description      = "<v>"
  filter           = "resource.type=\\"bigquery_project\\" severity>=ERROR"
  label_extractors = { principal = "EXTRACT(protoPayload.authenticationInfo.principalEmail)" }
  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
    labels {
      key        = "principal"
      value_type = "STRING"
    }
  }
""",
        values=("one", "two"),
        change="update description",
    ),
    Contract(
        type="google_monitoring_notification_channel",
        body=f"""
  display_name = "<p>-it <v>"
  type         = "pubsub"
  labels       = {{ topic = {TOPIC}.id }}
""",
        values=("one", "two"),
        change="update display_name",
    ),
    Contract(
        type="google_monitoring_alert_policy",
        body="""
  display_name          = "<p>-it"
  combiner              = "OR"
  severity              = "WARNING"
  notification_channels = [google_monitoring_notification_channel.monitoring_notification_channel.name]
  user_labels           = { owner = "conformance" }
  conditions {
    display_name = "more than a few"
    condition_threshold {
      filter          = "metric.type=\\"pubsub.googleapis.com/topic/send_request_count\\" AND resource.type=\\"pubsub_topic\\""
      comparison      = "COMPARISON_GT"
      threshold_value = <v>
      duration        = "60s"
      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }
  alert_strategy { auto_close = "1800s" }
  documentation {
    subject   = "A few"
    mime_type = "text/markdown"
    content   = "Of the suite of conformance."
  }
""",
        values=("1000000", "2000000"),
        change="update conditions",
    ),
    Contract(
        type="google_monitoring_dashboard",
        body="""
  dashboard_json = jsonencode({
    displayName  = "<p>-it <v>"
    mosaicLayout = {
      columns = 48
      tiles   = [{ width = 24, height = 16, widget = { title = "A text", text = { content = "x", format = "MARKDOWN" } } }]
    }
  })
""",
        values=("one", "two"),
        change="update dashboard_json",
    ),
    Contract(
        type="google_cloud_scheduler_job",
        body=f"""
  name             = "<p>-it"
  region           = "<region>"
  description      = "Of the suite of conformance"
  schedule         = "<v>"
  time_zone        = "America/New_York"
  attempt_deadline = "300s"
  paused           = true
  retry_config {{
    retry_count          = 3
    min_backoff_duration = "5s"
    max_backoff_duration = "60s"
    max_doublings        = 3
    max_retry_duration   = "0s"
  }}
  http_target {{
    uri         = "https://example.com/reconcile"
    http_method = "POST"
    headers     = {{ "Content-Type" = "application/json" }}
    body        = base64encode("{{}}")
    oidc_token {{
      service_account_email = {ACCOUNT}.email
      audience              = "https://example.com"
    }}
  }}
""",
        values=("0 5 1 1 *", "0 6 1 1 *"),
        change="update schedule",
    ),
)
"""Of what is made in seconds."""

BUILD = """
resource "google_service_account" "build" {
  account_id = "<p>-build"
}
resource "google_service_account" "runs" {
  account_id = "<p>-runs"
}
resource "google_project_iam_member" "build" {
  for_each = toset(["roles/logging.logWriter", "roles/artifactregistry.writer", "roles/storage.objectViewer"])
  project  = "<project>"
  role     = each.value
  member   = google_service_account.build.member
}
resource "google_storage_bucket" "sources" {
  name                        = "<p>-sources-<project>"
  location                    = "<LOCATION>"
  uniform_bucket_level_access = true
  force_destroy               = true
}
resource "google_storage_bucket_object" "source" {
  bucket       = google_storage_bucket.sources.name
  name         = "coordinator/source.zip"
  source       = "<source>"
  content_type = "application/zip"
}
"""
"""What a function is built from, and by whom: granted in the apply that builds, with nothing waited for in between."""
FUNCTION = Contract(
    type="google_cloudfunctions2_function",
    body="""
  name        = "<p>-it"
  location    = "<region>"
  description = "Of the suite of conformance; nothing calls it"
  labels      = { purpose = "conformance" }
  build_config {
    runtime         = "python312"
    entry_point     = "handle"
    service_account = google_service_account.build.id
    source {
      storage_source {
        bucket     = google_storage_bucket.sources.name
        object     = google_storage_bucket_object.source.name
        generation = google_storage_bucket_object.source.generation
      }
    }
  }
  service_config {
    service_account_email            = google_service_account.runs.email
    min_instance_count               = 0
    max_instance_count               = 1
    max_instance_request_concurrency = 1
    available_cpu                    = "1"
    available_memory                 = "512Mi"
    timeout_seconds                  = <v>
    ingress_settings                 = "ALLOW_ALL"
    all_traffic_on_latest_revision   = true
    environment_variables            = { INTERLOCK_PROJECT = "<project>", INTERLOCK_BUCKET = "<p>-sources-<project>" }
  }
  depends_on = [google_project_iam_member.build]
""",
    values=("300", "240"),
    change="update service_config",
    imported="update build_config labels terraform_labels",
)
CALLER = Contract(
    type="google_cloud_run_v2_service_iam_member",
    body="""
  name     = google_cloudfunctions2_function.cloudfunctions2_function.name
  location = "<region>"
  role     = "<v>"
  member   = google_service_account.runs.member
""",
    values=("roles/run.invoker", "roles/run.viewer"),
    change="replace",
    import_id="projects/<project>/locations/<region>/services/<p>-it roles/run.viewer"
    " serviceAccount:<p>-runs@<project>.iam.gserviceaccount.com",
)

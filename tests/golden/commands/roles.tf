variable "interlock_deployer" {
  type        = string
  description = "whoever deploys everything: `make deploy`, `make bootstrap`, `make destroy`"
}

resource "google_project_iam_custom_role" "interlockDeployer" {
  project     = "interlock-local"
  role_id     = "interlockDeployer"
  title       = "Interlock deployer"
  description = "Deploys all of Interlock's stacks. Can hand out rights and act as every account of the project."
  permissions = [
    "cloudfunctions.functions.create",
    "cloudfunctions.functions.delete",
    "cloudfunctions.functions.get",
    "cloudfunctions.functions.update",
    "cloudfunctions.operations.get",
    "cloudscheduler.jobs.create",
    "cloudscheduler.jobs.delete",
    "cloudscheduler.jobs.enable",
    "cloudscheduler.jobs.fullView",
    "cloudscheduler.jobs.get",
    "cloudscheduler.jobs.list",
    "cloudscheduler.jobs.pause",
    "cloudscheduler.jobs.update",
    "cloudscheduler.locations.list",
    "iam.roles.create",
    "iam.roles.delete",
    "iam.roles.get",
    "iam.roles.undelete",
    "iam.roles.update",
    "iam.serviceAccounts.actAs",
    "iam.serviceAccounts.create",
    "iam.serviceAccounts.delete",
    "iam.serviceAccounts.get",
    "iam.serviceAccounts.update",
    "logging.logMetrics.create",
    "logging.logMetrics.delete",
    "logging.logMetrics.get",
    "logging.logMetrics.update",
    "monitoring.alertPolicies.create",
    "monitoring.alertPolicies.delete",
    "monitoring.alertPolicies.get",
    "monitoring.alertPolicies.update",
    "monitoring.dashboards.create",
    "monitoring.dashboards.delete",
    "monitoring.dashboards.get",
    "monitoring.dashboards.update",
    "monitoring.notificationChannels.create",
    "monitoring.notificationChannels.delete",
    "monitoring.notificationChannels.get",
    "monitoring.notificationChannels.update",
    "pubsub.subscriptions.create",
    "pubsub.subscriptions.delete",
    "pubsub.subscriptions.get",
    "pubsub.subscriptions.update",
    "pubsub.topics.attachSubscription",
    "pubsub.topics.create",
    "pubsub.topics.delete",
    "pubsub.topics.get",
    "pubsub.topics.getIamPolicy",
    "pubsub.topics.setIamPolicy",
    "pubsub.topics.update",
    "resourcemanager.projects.get",
    "resourcemanager.projects.getIamPolicy",
    "resourcemanager.projects.setIamPolicy",
    "run.routes.invoke",
    "run.services.getIamPolicy",
    "run.services.setIamPolicy",
    "serviceusage.services.enable",
    "serviceusage.services.list",
    "storage.buckets.create",
  ]
}

resource "google_project_iam_custom_role" "interlockDeployerBuckets" {
  project     = "interlock-local"
  role_id     = "interlockDeployerBuckets"
  title       = "Interlock deployer, buckets"
  description = "Makes and keeps the buckets of the flags and of Terraform's state, and what is in them."
  permissions = [
    "storage.buckets.delete",
    "storage.buckets.get",
    "storage.buckets.getIamPolicy",
    "storage.buckets.setIamPolicy",
    "storage.buckets.update",
    "storage.objects.create",
    "storage.objects.delete",
    "storage.objects.get",
    "storage.objects.list",
  ]
}

resource "google_project_iam_member" "interlock_deployer_interlockDeployer" {
  project = "interlock-local"
  role    = google_project_iam_custom_role.interlockDeployer.name
  member  = var.interlock_deployer
}

resource "google_project_iam_member" "interlock_deployer_interlockDeployerBuckets" {
  project = "interlock-local"
  role    = google_project_iam_custom_role.interlockDeployerBuckets.name
  member  = var.interlock_deployer
  condition {
    title      = "only the buckets of Interlock"
    expression = "resource.name == \"projects/_/buckets/interlock-local-coordination\" || resource.name.startsWith(\"projects/_/buckets/interlock-local-coordination/objects/\") || resource.name == \"projects/_/buckets/interlock-local-state\" || resource.name.startsWith(\"projects/_/buckets/interlock-local-state/objects/\")"
  }
}

resource "google_service_account" "interlock_deploy" {
  project    = "interlock-local"
  account_id = "interlock-deploy"
}

resource "google_project_iam_custom_role" "interlockDeploy" {
  project     = "interlock-local"
  role_id     = "interlockDeploy"
  title       = "Interlock deploy workflow"
  description = "Applies plans of the stack schedules: Cloud Scheduler jobs."
  permissions = [
    "cloudscheduler.jobs.create",
    "cloudscheduler.jobs.delete",
    "cloudscheduler.jobs.enable",
    "cloudscheduler.jobs.fullView",
    "cloudscheduler.jobs.get",
    "cloudscheduler.jobs.pause",
    "cloudscheduler.jobs.update",
  ]
}

resource "google_project_iam_custom_role" "interlockActAs" {
  project     = "interlock-local"
  role_id     = "interlockActAs"
  title       = "Interlock: jobs as an account"
  description = "Makes jobs that call as the account it is granted on."
  permissions = [
    "iam.serviceAccounts.actAs",
  ]
}

resource "google_project_iam_custom_role" "interlockObjects" {
  project     = "interlock-local"
  role_id     = "interlockObjects"
  title       = "Interlock: objects"
  description = "Reads, lists, writes and deletes the objects it is bound to."
  permissions = [
    "storage.objects.create",
    "storage.objects.delete",
    "storage.objects.get",
    "storage.objects.list",
  ]
}

resource "google_project_iam_member" "interlock_deploy_interlockDeploy" {
  project = "interlock-local"
  role    = google_project_iam_custom_role.interlockDeploy.name
  member  = google_service_account.interlock_deploy.member
}

resource "google_service_account_iam_member" "interlock_deploy_scheduler_invoker" {
  service_account_id = "projects/interlock-local/serviceAccounts/scheduler-invoker@interlock-local.iam.gserviceaccount.com"
  role               = google_project_iam_custom_role.interlockActAs.name
  member             = google_service_account.interlock_deploy.member
}

resource "google_storage_bucket_iam_member" "interlock_deploy_bucket" {
  bucket = "interlock-local-coordination"
  role   = google_project_iam_custom_role.interlockObjects.name
  member = google_service_account.interlock_deploy.member
  condition {
    title      = "only backfills/ and declaration/"
    expression = "resource.name.startsWith(\"projects/_/buckets/interlock-local-coordination/objects/backfills/\") || api.getAttribute(\"storage.googleapis.com/objectListPrefix\", \"\").startsWith(\"backfills/\") || resource.name.startsWith(\"projects/_/buckets/interlock-local-coordination/objects/declaration/\") || api.getAttribute(\"storage.googleapis.com/objectListPrefix\", \"\").startsWith(\"declaration/\")"
  }
}

resource "google_storage_bucket_iam_member" "interlock_deploy_state" {
  bucket = "interlock-local-state"
  role   = google_project_iam_custom_role.interlockObjects.name
  member = google_service_account.interlock_deploy.member
  condition {
    title      = "only interlock/local/schedules"
    expression = "resource.name.startsWith(\"projects/_/buckets/interlock-local-state/objects/interlock/local/schedules\") || api.getAttribute(\"storage.googleapis.com/objectListPrefix\", \"\").startsWith(\"interlock/local/schedules\")"
  }
}

resource "google_service_account" "interlock_plan" {
  project    = "interlock-local"
  account_id = "interlock-plan"
}

resource "google_project_iam_custom_role" "interlockPlan" {
  project     = "interlock-local"
  role_id     = "interlockPlan"
  title       = "Interlock plans"
  description = "Reads what Interlock's stacks consist of."
  permissions = [
    "cloudfunctions.functions.get",
    "cloudscheduler.jobs.fullView",
    "cloudscheduler.jobs.get",
    "cloudscheduler.jobs.list",
    "cloudscheduler.locations.list",
    "iam.roles.get",
    "iam.serviceAccounts.get",
    "logging.logMetrics.get",
    "monitoring.alertPolicies.get",
    "monitoring.dashboards.get",
    "monitoring.notificationChannels.get",
    "pubsub.subscriptions.get",
    "pubsub.topics.get",
    "pubsub.topics.getIamPolicy",
    "resourcemanager.projects.get",
    "resourcemanager.projects.getIamPolicy",
    "run.services.getIamPolicy",
    "serviceusage.services.list",
  ]
}

resource "google_project_iam_custom_role" "interlockPlanBuckets" {
  project     = "interlock-local"
  role_id     = "interlockPlanBuckets"
  title       = "Interlock plans, buckets"
  description = "Reads the two buckets and what is in them."
  permissions = [
    "storage.buckets.get",
    "storage.buckets.getIamPolicy",
    "storage.objects.get",
    "storage.objects.list",
  ]
}

resource "google_project_iam_member" "interlock_plan_interlockPlan" {
  project = "interlock-local"
  role    = google_project_iam_custom_role.interlockPlan.name
  member  = google_service_account.interlock_plan.member
}

resource "google_project_iam_member" "interlock_plan_interlockPlanBuckets" {
  project = "interlock-local"
  role    = google_project_iam_custom_role.interlockPlanBuckets.name
  member  = google_service_account.interlock_plan.member
  condition {
    title      = "only the buckets of Interlock"
    expression = "resource.name == \"projects/_/buckets/interlock-local-coordination\" || resource.name.startsWith(\"projects/_/buckets/interlock-local-coordination/objects/\") || resource.name == \"projects/_/buckets/interlock-local-state\" || resource.name.startsWith(\"projects/_/buckets/interlock-local-state/objects/\")"
  }
}

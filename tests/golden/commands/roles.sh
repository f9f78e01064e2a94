# A role that is there already gets the same permissions.
put_role() {
  if gcloud iam roles describe "$1" "$2" >/dev/null 2>&1
  then gcloud iam roles update "$@"
  else gcloud iam roles create "$@"
  fi
}

# deployer: whoever deploys everything: `make deploy`, `make bootstrap`, `make destroy`

put_role interlockDeployer \
  --project=interlock-local \
  --title="Interlock deployer" \
  --description="Deploys all of Interlock's stacks. Can hand out rights and act as every account of the project." \
  --stage=GA \
  --permissions=\
cloudfunctions.functions.create,\
cloudfunctions.functions.delete,\
cloudfunctions.functions.get,\
cloudfunctions.functions.update,\
cloudfunctions.operations.get,\
cloudscheduler.jobs.create,\
cloudscheduler.jobs.delete,\
cloudscheduler.jobs.enable,\
cloudscheduler.jobs.fullView,\
cloudscheduler.jobs.get,\
cloudscheduler.jobs.list,\
cloudscheduler.jobs.pause,\
cloudscheduler.jobs.update,\
cloudscheduler.locations.list,\
iam.roles.create,\
iam.roles.delete,\
iam.roles.get,\
iam.roles.undelete,\
iam.roles.update,\
iam.serviceAccounts.actAs,\
iam.serviceAccounts.create,\
iam.serviceAccounts.delete,\
iam.serviceAccounts.get,\
iam.serviceAccounts.update,\
logging.logMetrics.create,\
logging.logMetrics.delete,\
logging.logMetrics.get,\
logging.logMetrics.update,\
monitoring.alertPolicies.create,\
monitoring.alertPolicies.delete,\
monitoring.alertPolicies.get,\
monitoring.alertPolicies.update,\
monitoring.dashboards.create,\
monitoring.dashboards.delete,\
monitoring.dashboards.get,\
monitoring.dashboards.update,\
monitoring.notificationChannels.create,\
monitoring.notificationChannels.delete,\
monitoring.notificationChannels.get,\
monitoring.notificationChannels.update,\
pubsub.subscriptions.create,\
pubsub.subscriptions.delete,\
pubsub.subscriptions.get,\
pubsub.subscriptions.update,\
pubsub.topics.attachSubscription,\
pubsub.topics.create,\
pubsub.topics.delete,\
pubsub.topics.get,\
pubsub.topics.getIamPolicy,\
pubsub.topics.setIamPolicy,\
pubsub.topics.update,\
resourcemanager.projects.get,\
resourcemanager.projects.getIamPolicy,\
resourcemanager.projects.setIamPolicy,\
run.routes.invoke,\
run.services.getIamPolicy,\
run.services.setIamPolicy,\
serviceusage.services.enable,\
serviceusage.services.list,\
storage.buckets.create

put_role interlockDeployerBuckets \
  --project=interlock-local \
  --title="Interlock deployer, buckets" \
  --description="Makes and keeps the buckets of the flags and of Terraform's state, and what is in them." \
  --stage=GA \
  --permissions=\
storage.buckets.delete,\
storage.buckets.get,\
storage.buckets.getIamPolicy,\
storage.buckets.setIamPolicy,\
storage.buckets.update,\
storage.objects.create,\
storage.objects.delete,\
storage.objects.get,\
storage.objects.list

gcloud projects add-iam-policy-binding interlock-local \
  --member="user:$(gcloud config get-value account)" \
  --role=projects/interlock-local/roles/interlockDeployer \
  --condition=None

gcloud projects add-iam-policy-binding interlock-local \
  --member="user:$(gcloud config get-value account)" \
  --role=projects/interlock-local/roles/interlockDeployerBuckets \
  --condition='^#^title=only the buckets of Interlock#expression=resource.name == "projects/_/buckets/interlock-local-coordination" || resource.name.startsWith("projects/_/buckets/interlock-local-coordination/objects/") || resource.name == "projects/_/buckets/interlock-local-state" || resource.name.startsWith("projects/_/buckets/interlock-local-state/objects/")'

# deploy: `DEPLOY_SERVICE_ACCOUNT` of the deploy workflow: applies plans of `schedules`

put_role interlockDeploy \
  --project=interlock-local \
  --title="Interlock deploy workflow" \
  --description="Applies plans of the stack schedules: Cloud Scheduler jobs." \
  --stage=GA \
  --permissions=\
cloudscheduler.jobs.create,\
cloudscheduler.jobs.delete,\
cloudscheduler.jobs.enable,\
cloudscheduler.jobs.fullView,\
cloudscheduler.jobs.get,\
cloudscheduler.jobs.pause,\
cloudscheduler.jobs.update

put_role interlockActAs \
  --project=interlock-local \
  --title="Interlock: jobs as an account" \
  --description="Makes jobs that call as the account it is granted on." \
  --stage=GA \
  --permissions=\
iam.serviceAccounts.actAs

put_role interlockObjects \
  --project=interlock-local \
  --title="Interlock: objects" \
  --description="Reads, lists, writes and deletes the objects it is bound to." \
  --stage=GA \
  --permissions=\
storage.objects.create,\
storage.objects.delete,\
storage.objects.get,\
storage.objects.list

gcloud iam service-accounts create interlock-deploy \
  --project=interlock-local

gcloud projects add-iam-policy-binding interlock-local \
  --member=serviceAccount:interlock-deploy@interlock-local.iam.gserviceaccount.com \
  --role=projects/interlock-local/roles/interlockDeploy \
  --condition=None

# once that is there, after the first deploy:

gcloud iam service-accounts add-iam-policy-binding scheduler-invoker@interlock-local.iam.gserviceaccount.com \
  --member=serviceAccount:interlock-deploy@interlock-local.iam.gserviceaccount.com \
  --role=projects/interlock-local/roles/interlockActAs \
  --project=interlock-local \
  --condition=None

gcloud storage buckets add-iam-policy-binding gs://interlock-local-coordination \
  --member=serviceAccount:interlock-deploy@interlock-local.iam.gserviceaccount.com \
  --role=projects/interlock-local/roles/interlockObjects \
  --condition='^#^title=only backfills/ and declaration/#expression=resource.name.startsWith("projects/_/buckets/interlock-local-coordination/objects/backfills/") || api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("backfills/") || resource.name.startsWith("projects/_/buckets/interlock-local-coordination/objects/declaration/") || api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("declaration/")'

gcloud storage buckets add-iam-policy-binding gs://interlock-local-state \
  --member=serviceAccount:interlock-deploy@interlock-local.iam.gserviceaccount.com \
  --role=projects/interlock-local/roles/interlockObjects \
  --condition='^#^title=only interlock/local/schedules#expression=resource.name.startsWith("projects/_/buckets/interlock-local-state/objects/interlock/local/schedules") || api.getAttribute("storage.googleapis.com/objectListPrefix", "").startsWith("interlock/local/schedules")'

# plan: `PLAN_SERVICE_ACCOUNT` of the workflows: plans all stacks, holds no lock and changes nothing

put_role interlockPlan \
  --project=interlock-local \
  --title="Interlock plans" \
  --description="Reads what Interlock's stacks consist of." \
  --stage=GA \
  --permissions=\
cloudfunctions.functions.get,\
cloudscheduler.jobs.fullView,\
cloudscheduler.jobs.get,\
cloudscheduler.jobs.list,\
cloudscheduler.locations.list,\
iam.roles.get,\
iam.serviceAccounts.get,\
logging.logMetrics.get,\
monitoring.alertPolicies.get,\
monitoring.dashboards.get,\
monitoring.notificationChannels.get,\
pubsub.subscriptions.get,\
pubsub.topics.get,\
pubsub.topics.getIamPolicy,\
resourcemanager.projects.get,\
resourcemanager.projects.getIamPolicy,\
run.services.getIamPolicy,\
serviceusage.services.list

put_role interlockPlanBuckets \
  --project=interlock-local \
  --title="Interlock plans, buckets" \
  --description="Reads the two buckets and what is in them." \
  --stage=GA \
  --permissions=\
storage.buckets.get,\
storage.buckets.getIamPolicy,\
storage.objects.get,\
storage.objects.list

gcloud iam service-accounts create interlock-plan \
  --project=interlock-local

gcloud projects add-iam-policy-binding interlock-local \
  --member=serviceAccount:interlock-plan@interlock-local.iam.gserviceaccount.com \
  --role=projects/interlock-local/roles/interlockPlan \
  --condition=None

gcloud projects add-iam-policy-binding interlock-local \
  --member=serviceAccount:interlock-plan@interlock-local.iam.gserviceaccount.com \
  --role=projects/interlock-local/roles/interlockPlanBuckets \
  --condition='^#^title=only the buckets of Interlock#expression=resource.name == "projects/_/buckets/interlock-local-coordination" || resource.name.startsWith("projects/_/buckets/interlock-local-coordination/objects/") || resource.name == "projects/_/buckets/interlock-local-state" || resource.name.startsWith("projects/_/buckets/interlock-local-state/objects/")'

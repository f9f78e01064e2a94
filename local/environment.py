"""The environment that COMMAND gets under `local run`: every variable that leads a tool here instead of to Google."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

PROJECT = "interlock-local"
ACCOUNT = "INTERLOCK_LOCAL_ACCOUNT"
"""The account or person that COMMAND acts as, by e-mail address; left out the owner of the project, who may do everything."""
_LOOPBACK = "127.0.0.1,localhost"

# The provider's names of its endpoints and the paths that it expects in them; monitoring's has no version.
ENDPOINTS: Mapping[str, str] = {
    "cloud_run_v2": "/v2/",
    "cloud_scheduler": "/v1/",
    "cloudfunctions2": "/v2/",
    "iam_beta": "/v1/",
    "logging": "/v2/",
    "monitoring": "/",
    "pubsub": "/v1/",
    "resource_manager": "/v1/",
    "service_usage": "/v1/",
    "storage": "/storage/v1/",
}
# gcloud's names of its APIs; it adds the version to all but storage.
GCLOUD_APIS = (
    "cloudfunctions",
    "cloudresourcemanager",
    "cloudscheduler",
    "iam",
    "logging",
    "monitoring",
    "pubsub",
    "run",
    "serviceusage",
)

# Would make a tool fetch tokens at Google, act as someone else there, or read a key file of the user's.
_UNSET = (
    "CLOUDSDK_ACTIVE_CONFIG_NAME",
    "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE",
    "CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_BACKEND_CREDENTIALS",
    "GOOGLE_BACKEND_IMPERSONATE_SERVICE_ACCOUNT",
    "GOOGLE_CREDENTIALS",
    "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT",
)


def token(env: Mapping[str, str]) -> str:
    """The access token of whom `env` names in ACCOUNT, as local/emulator/identity.py takes it."""
    return f"local:{account}" if (account := env.get(ACCOUNT, "").strip()) else "local"


def for_command(inherited: Mapping[str, str], *, url: str, reattach: Mapping[str, object], state: Path) -> dict[str, str]:
    """`inherited` with what COMMAND needs; `url` is the emulator's, without a slash at the end."""
    env = {name: value for name, value in inherited.items() if name not in _UNSET}
    # Terraform warns in every run about a configuration file that isn't there.
    if (config := env.get("TF_CLI_CONFIG_FILE")) and not Path(config).exists():
        del env["TF_CLI_CONFIG_FILE"]
    for name in ("NO_PROXY", "no_proxy"):  # Python's clients would send loopback requests to a proxy
        env[name] = ",".join(filter(None, (inherited.get(name), _LOOPBACK)))
    return env | {
        "INTERLOCK_ENV": "local",
        "INTERLOCK_LOCAL_URL": url,
        # terraform: a provider that runs already; no installation, no lock file.
        "TF_REATTACH_PROVIDERS": json.dumps(reattach),
        "CHECKPOINT_DISABLE": "1",  # no look for new versions of terraform
        # Terraform's gcs backend reads only this name of the endpoint.
        "GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT": f"{url}/storage/v1/",
        "GOOGLE_OAUTH_ACCESS_TOKEN": token(inherited),
        # The real names of the provider's endpoints, so that stacks don't know where they act.
        **{f"GOOGLE_{name.upper()}_CUSTOM_ENDPOINT": url + path for name, path in ENDPOINTS.items()},
        # cdktf: `terraform providers lock` asks the registry even in reattach mode.
        "CDKTF_SKIP_PROVIDER_LOCK": "true",
        "CDKTF_DISABLE_PLUGIN_CACHE_ENV": "1",  # else it makes a folder in the user's home
        "DISABLE_VERSION_CHECK": "1",  # cdktf looks for new versions of itself
        # google-cloud-storage, and the Go client inside terraform
        "STORAGE_EMULATOR_HOST": url,
        # gcloud; its own configuration folder, so that the user's is neither read nor changed.
        "CLOUDSDK_CONFIG": str(state.resolve() / "gcloud"),
        **{f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{name.upper()}": f"{url}/" for name in GCLOUD_APIS},
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE": f"{url}/storage/v1/",
        "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
        "CLOUDSDK_CORE_PROJECT": PROJECT,
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
    }

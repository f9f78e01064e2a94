"""google_service_account and google_project_iam_custom_role (google/services/resourcemanager)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from local.provider.cloud import Cloud, Failure, Settings
from local.provider.planning import Change, Suppress
from local.provider.resource import NOT_FOUND, Resource
from local.provider.rest import ApiError
from local.provider.values import Object, text


@dataclass(frozen=True, kw_only=True)
class ServiceAccount(Resource):
    """The account. Its email is known at plan, so that what refers to it is."""

    def amend(self, change: Change, settings: Settings) -> None:
        """email and member follow from account and project (ResourceServiceAccountCustomDiffFunc)."""
        super().amend(change, settings)
        account, project = text(change.planned, "account_id"), text(change.planned, "project")
        before = change.prior or {}
        if account and project and (change.creates or before.get("account_id") != account):
            email = f"{account}@{project}.iam.gserviceaccount.com"
            change.set("email", email)
            change.set("member", f"serviceAccount:{email}")

    def insert(self, cloud: Cloud, planned: Object) -> Object:
        """The create takes the account beside its id. It is always made enabled (the provider ignores `disabled` here)."""
        fields = {name: text(planned, source) for name, source in (("displayName", "display_name"), ("description",) * 2)}
        body: Object = {"accountId": planned["account_id"], "serviceAccount": fields}
        return self._attempt("creating", cloud, "POST", cloud.url(self.service, self.collection, planned), body)

    def decode(self, body: Object, reference: Object) -> Object:
        """What the provider takes from the email."""
        state = super().decode(body, reference)
        email = text(body, "email")
        named = {"account_id": email.partition("@")[0], "member": f"serviceAccount:{email}", "project": body.get("projectId")}
        return state | named | {"disabled": body.get("disabled") is True}

    def send_update(self, cloud: Cloud, prior: Object, planned: Object) -> None:
        """The switch is a request of its own; the rest is patched under a mask."""
        link, fields = self.link(cloud, planned), self.mask(prior, planned)
        if "disabled" in fields:
            verb = "disable" if planned.get("disabled") is True else "enable"
            self._attempt("updating", cloud, "POST", f"{link}:{verb}", {})
        if mask := sorted({"displayName": "display_name"}.get(name, name) for name in fields - {"disabled"}):
            account = {"displayName": text(planned, "display_name"), "description": text(planned, "description")}
            self._attempt("updating", cloud, "PATCH", link, {"serviceAccount": account, "updateMask": ",".join(mask)})


def _default_stage(old: object, new: object, _root: Mapping[str, object]) -> bool:
    return {str(old or ""), str(new or "")} == {"", "ALPHA"}


@dataclass(frozen=True, kw_only=True)
class CustomRole(Resource):
    """The role. Deleted ones are kept for a while: a create of the same id brings it back with the new permissions."""

    suppress: ClassVar[Mapping[str, Suppress]] = {"stage": _default_stage}

    def insert(self, cloud: Cloud, planned: Object) -> Object:
        """Make it, or undelete and change it; one that exists must be imported."""
        name = self.identity(planned)
        try:
            found = cloud.send("GET", self.link(cloud, planned)).json()
        except ApiError as error:
            if error.status != NOT_FOUND:
                message = f"Unable to verify whether custom project role {name} already exists and must be undeleted: {error}"
                raise Failure(message) from error
            body: Object = {"roleId": planned["role_id"], "role": self.encode(planned)}
            return self._attempt("creating", cloud, "POST", cloud.url(self.service, self.collection, planned), body)
        if found.get("deleted") is not True:
            raise Failure(f"Custom project role {name} already exists and must be imported")
        self._undelete(cloud, planned)
        return self._attempt("updating", cloud, "PATCH", self.link(cloud, planned), self.encode(planned))

    def decode(self, body: Object, reference: Object) -> Object:
        """`deleted` is false, not absent."""
        return super().decode(body, reference) | {"deleted": body.get("deleted") is True}

    def send_update(self, cloud: Cloud, prior: Object, planned: Object) -> None:
        """A role that was deleted behind Terraform's back is brought back first."""
        if prior.get("deleted") is True:
            self._undelete(cloud, planned)
        super().send_update(cloud, prior, planned)

    def _undelete(self, cloud: Cloud, value: Object) -> None:
        self._attempt("undeleting", cloud, "POST", f"{self.link(cloud, value)}:undelete", {})

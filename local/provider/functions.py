"""google_cloudfunctions2_function and google_project_service, beyond their rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from local.provider.cloud import Cloud, Failure
from local.provider.planning import Suppress
from local.provider.resource import Resource
from local.provider.rest import ApiError
from local.provider.values import Object, known, mapping, only, text

EXECUTION_ID = "LOG_EXECUTION_ID"  # the API adds it to every environment


def _without_execution_id(old: object, new: object, _root: Mapping[str, object]) -> bool:
    kept = {name: value for name, value in old.items() if name != EXECUTION_ID} if isinstance(old, dict) else {}
    return kept == (new or {})


@dataclass(frozen=True, kw_only=True)
class Function(Resource):
    """The function."""

    suppress: ClassVar[Mapping[str, Suppress]] = {"service_config.environment_variables": _without_execution_id}

    def insert(self, cloud: Cloud, planned: Object) -> Object:
        """It has its id once the request is taken: a build that fails then leaves it in the state, tainted."""
        try:
            reply = cloud.send("POST", cloud.url(self.service, self.collection, planned), self.encode(planned)).json()
        except ApiError as error:
            raise Failure(f"Error creating {self.label}: {error}") from error
        try:
            return cloud.finished(self.service, reply)
        except ApiError as error:
            state = known(planned, instead=planned)
            message = f"Error waiting to create {self.label}: {error}"
            raise Failure(message, state=state | {"id": self.identity(state)}) from error

    def decode(self, body: Object, reference: Object) -> Object:
        """The API shows a copy of the source: the state keeps the one that was given."""
        state = super().decode(body, reference)
        build = only(state, "build_config")
        shown = only(only(build, "source"), "storage_source")
        given = only(only(only(reference, "build_config"), "source"), "storage_source")
        shown |= {name: value for name, value in given.items() if isinstance(value, (str, int)) and value}
        if build and "automaticUpdatePolicy" in mapping(body, "buildConfig"):  # an empty block
            build["automatic_update_policy"] = [{}]
        return state


@dataclass(frozen=True, kw_only=True)
class ProjectService(Resource):
    """An API of the project, enabled."""

    def create(self, cloud: Cloud, planned: Object) -> Object:
        """One that is enabled already is taken over."""
        if text(planned, "service") not in self._enabled(cloud, planned):
            url = cloud.url(self.service, self.collection, planned)
            self._attempt("enabling", cloud, "POST", url, {"serviceIds": [planned["service"]]})
        return self.must_read(cloud, planned | {"id": self.identity(planned)})

    def identity(self, state: Object) -> str:
        """project/service."""
        return f"{text(state, 'project')}/{text(state, 'service')}"

    def read(self, cloud: Cloud, state: Object) -> Object | None:
        """None if it is not enabled."""
        return state if text(state, "service") in self._enabled(cloud, state) else None

    def delete(self, cloud: Cloud, prior: Object) -> None:
        """Disabled only if disable_on_destroy is set; since 7.0 it has no default."""
        if self.may_delete(prior) and prior.get("disable_on_destroy") is True:
            body: Object = {"disableDependentServices": prior.get("disable_dependent_services") is True}
            self._attempt("disabling", cloud, "POST", f"{self.link(cloud, prior)}:disable", body)

    def _enabled(self, cloud: Cloud, state: Object) -> set[str]:
        """Every enabled API of the project, over all pages."""
        url, found, token = cloud.url(self.service, "projects/{project}/services", state), set(), ""
        while True:
            query = {"filter": "state:ENABLED", "fields": "services/name,nextPageToken"}
            try:
                page = cloud.send("GET", url, query=query | ({"pageToken": token} if token else {})).json()
            except ApiError as error:
                raise Failure(f"Failed to list enabled services for project {text(state, 'project')}: {error}") from error
            listed = page.get("services")
            found |= {text(api, "name").rpartition("/")[2] for api in (listed if isinstance(listed, list) else [])}
            token = text(page, "nextPageToken")
            if not token:
                return found

"""What a plan leaves open until the apply, and says all the same: a reference to a resource of the same plan, whose attribute
is known, or is made of attributes that are known, as the name of a custom role is.

A first plan knows no attribute that Google computes. What refers to one is looked up in the configuration: that beside the
plan, else the plan's own, which has the references of an expression and not its text: with one reference it is taken for just
that, and once it is applied, the next plan has the value itself.
https://developer.hashicorp.com/terraform/internals/json-format#expression-representation
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter

from interlock.catalog import Json

ROLE = "projects/{project}/roles/{role_id}"
ORGANIZATION_ROLE = "organizations/{org_id}/roles/{role_id}"
EMAIL = "{account_id}@{project}.iam.gserviceaccount.com"
COMPUTED: Mapping[str, Mapping[str, str]] = {
    "google_bigquery_dataset": {"id": "projects/{project}/datasets/{dataset_id}"},
    "google_logging_metric": {"id": "{name}"},
    "google_organization_iam_custom_role": {"id": ORGANIZATION_ROLE, "name": ORGANIZATION_ROLE},
    "google_project_iam_custom_role": {"id": ROLE, "name": ROLE},
    "google_pubsub_topic": {"id": "projects/{project}/topics/{name}"},
    "google_service_account": {
        "email": EMAIL,
        "member": f"serviceAccount:{EMAIL}",
        "id": f"projects/{{project}}/serviceAccounts/{EMAIL}",
        "name": f"projects/{{project}}/serviceAccounts/{EMAIL}",
    },
    "google_storage_bucket": {"id": "{name}"},
}
"""How a computed attribute is made of others: "Attributes Reference" of each type's page in
https://registry.terraform.io/providers/hashicorp/google/latest/docs"""
_INTERPOLATION = re.compile(r"\$\{([^{}]*)\}")
_REFERENCE = re.compile(r"([a-z][a-z0-9_]*\.[\w-]+)\.([a-z_]+)")


@dataclass(frozen=True, kw_only=True)
class References:
    """The resources of a plan's root module: by address what is known of each."""

    known: Mapping[str, Mapping[str, Json]]

    def filled(self, value: Json, unknown: Json, written: Json) -> tuple[Json, Json]:
        """A value of a plan, and what mirrors it with true where only the apply knows, both with what `written` tells."""
        if unknown is True:
            found = self._text(written)
            return (value, True) if found is None else (found, False)
        if isinstance(value, list) and isinstance(unknown, dict):
            unknown = [unknown] * len(value)
        if isinstance(unknown, dict):
            values, inside = dict(value) if isinstance(value, dict) else {}, dict(unknown)
            names = written if isinstance(written, dict) else {}
            for name, hidden in unknown.items():
                values[name], inside[name] = self.filled(values.get(name), hidden, names.get(name))
                if inside[name] is True and values[name] is None:
                    del values[name]
            return values, inside
        if isinstance(unknown, list) and isinstance(value, list):
            several = written if isinstance(written, list) else [written]  # a block that there is one of
            parts = [
                self.filled(one, unknown[at] if at < len(unknown) else False, several[at] if at < len(several) else None)
                for at, one in enumerate(value)
            ]
            return [one for one, _ in parts], [hidden for _, hidden in parts]
        return value, unknown

    def _text(self, written: Json) -> str | None:
        """What an expression comes to, if it is text around references that are all known."""
        if not isinstance(written, str) or "%{" in written or "$${" in written or not _INTERPOLATION.search(written):
            return None
        values = [self._value(found) for found in _INTERPOLATION.findall(written)]
        rest = _INTERPOLATION.sub("", written)
        if None in values or "${" in rest:
            return None
        known = iter(values)
        return _INTERPOLATION.sub(lambda _: str(next(known)), written)

    def _value(self, reference: str) -> str | None:
        if (parts := _REFERENCE.fullmatch(reference.strip())) is None or (target := self.known.get(parts[1])) is None:
            return None
        if isinstance(value := target.get(parts[2]), str):
            return value
        made_of = COMPUTED.get(parts[1].partition(".")[0], {}).get(parts[2])
        if made_of is None:
            return None
        names = [name for _, name, _, _ in Formatter().parse(made_of) if name]
        texts = {name: one for name in names if isinstance(one := target.get(name), str)}
        return made_of.format(**texts) if len(texts) == len(set(names)) else None


def as_written(expressions: Json) -> Json:
    """Expressions of a plan's configuration as the configuration would have them; null for what is more than one reference."""
    if isinstance(expressions, list):
        return [as_written(one) for one in expressions]
    if not isinstance(expressions, dict):
        return None
    if "constant_value" in expressions:
        return expressions["constant_value"]
    references = expressions.get("references")
    if isinstance(references, list):
        return _one_reference([one for one in references if isinstance(one, str)])
    return {name: as_written(inner) for name, inner in expressions.items()}


def _one_reference(references: list[str]) -> str | None:
    """Terraform lists what a reference leads through, too: `a.b.id`, then `a.b`."""
    longest = max(references, key=len, default="")
    return f"${{{longest}}}" if longest and all(f"{longest}.".startswith(f"{one}.") for one in references) else None

"""docs/policies.md: every rule with why, bad and good, and every waiver of the catalog. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from interlock.catalog import Catalog
from interlock.findings import waivable
from interlock.names import count
from policies.rules import RULES
from policies.rules.estate import DECLARED, JOB, STACK, Origin
from policies.rules.rule import Rule

HEAD = """\
# Policies

<!-- Written by `make golden` from policies/rules/ and the catalog. -->

What a schedule has to keep before it may be merged or deployed. A rule is one function in `policies/rules/`. It judges

| Where | By | What it sees |
| --- | --- | --- |
| catalog | `.venv/bin/interlock validate`, the review | what the YAML decides; no URL, no token |
| stack | `make policy`, with checkov | the synthesized `cdk.tf.json`, where expressions are not resolved: "deferred to plan" |
| stack | `make policy ENV=production`, with checkov | the same of production, and what its environment lacks still |
| plan | `make policy`, with checkov | plans of an empty local target: every value, but nothing that is deleted or ended |
| plan | the deploy workflow: `.venv/bin/python -m policies FILE` | the plan of production; with a finding it is not applied |

`make policy` synthesizes, checks the three stacks, plans them on the local target and checks the plans, with checkov's own
rules beside these. It needs nothing from the network. `ENV=production` has production's stacks checked, and nothing planned, as
Google would have to be asked; a sample value in its environment is a finding ([production.md](production.md#samples)).
`python -m policies FILE` is the same rules
without checkov, over a `cdk.tf.json` or a plan that lies beside one.

## In a repository of your own

The rules need this repository beside yours, and the packages `cronsim` and `tzdata` where checkov runs, `tzdata` in the
version of `requirements/run.txt`. The plan goes to a folder of its own:

```
mkdir -p policy && terraform plan -out plan.bin && terraform show -json plan.bin > policy/plan.json
CKV_PARSE_ERROR_FAIL=true checkov --skip-download --framework terraform_plan -f policy/plan.json \\
  --external-checks-dir interlock/policies/checks
```

Without the variable checkov stays green on a file that it can't parse. The rules read no HCL, but its plan. What Terraform
has no attribute for stands beside the plan in `policy/cdk.tf.json`, by address. A plan without that file is an error. The file
can't be in the folder of your configuration, where Terraform would take it for a part of that. Every key may be left out. A
rule whose facts are not there finds nothing, except that each job needs an owner. Rules about a whole plan need a provider
`google` or `google-beta` in it.

```json
{"//": {"interlock": {"environment": "production", "jobs": 1, "mutated": ["raw.games"],
   "rules": {"shop": {"stagger": [15, 45], "within_s": 0, "apart_s": 900, "was": "same"}},
   "removed": {"old-fetch": {"reason": "...", "owner": "data", "until": "2027-01-31"}}}},
 "resource": {"google_cloud_scheduler_job": {"fetch": {"//": {"interlock": {
   "owner": "data", "platform": "shop", "service": "scrapers", "backfilled": ["raw.games"], "pairs": {"load": []},
   "starts_per_minute": 2, "gap_s": 900, "expect_s": 240,
   "writes": {"raw.games": ["mutate", "append"]}, "not_idempotent": [], "was": "0 * * * *",
   "paused": {"reason": "off-season", "owner": "data", "review": "2027-04-01"},
   "waive": [{"rule": "stagger", "reason": "...", "owner": "data", "since": "2026-11-25", "until": "2027-06-30"}],
   "baseline": [{"rule": "retry", "count": 1, "owner": "data", "since": "2026-11-25", "until": "2027-02-23"}]}}}}}}
```

## Waivers

A waiver names the rule, the reason, who decided it, and the last day on which it counts. One of a service or a processor counts
for each job of its platform that calls or starts it; another platform's job waives for itself. After its last day, or with a
name that no rule has, it is a finding itself.
"""
BASELINE = """\

## Baseline

A platform that ran before these rules breaks some of them. `.venv/bin/interlock validate --baseline` accepts what it finds
today: in `baseline.yaml` of each platform, for 90 days unless `--days` or `--until` says otherwise. Such a finding is old. It
fails nothing, here, with checkov or in a plan, up to its day. What is new fails. What was accepted is known again by its rule
and its job; `count` says how many findings that were, so that one more fails. Run again, the command drops what is mended, adds
what is new, keeps the days of what stays, and renews what has ended.

```yaml
baseline:
  - {rule: stagger, subject: jobs.fetch, since: 2026-11-29, until: 2027-02-27, owner: data-platform}
```

What is meant to be has a waiver, with a reason. An old finding of one of two jobs does not count for the other: a new job
that comes too near to an old one fails. What the catalog alone does not decide, as `token`, the command neither adds nor
drops; a line of it is written by hand, or by what adopts a platform.
"""
ORDER = """
## Order

Who reads what another job writes starts after it: `lead` of its platform's `rules` later, 30 minutes unless that says
otherwise, and not before the writer is expected to be done. No rule judges that, as a schedule has no room for each writer of
each table. A review finds it when it becomes so, and `.venv/bin/interlock timeline` shows it. What is meant to be is waived
as a rule is, on either of the two jobs: `waive: [{rule: order, reason: ..., owner: ..., since: ..., until: ...}]`.

Nor does one judge whether windows leave a job any start. A review finds it when none is left; `always-held` waives that.
"""
WHERE = {Origin.CATALOG: "catalog", Origin.STACK: "stack", Origin.PLAN: "plan"}
OF_A_JOB = "on the job, its service, or a processor that it starts"


def policies_page(catalog: Catalog) -> str:
    """The page, with the waivers of `catalog`."""
    return (
        "\n".join(
            [
                HEAD,
                *_waivers(catalog),
                BASELINE,
                *_baseline(catalog),
                ORDER,
                "\n## Rules\n",
                *_table(),
                *(line for rule in RULES for line in _section(rule)),
            ]
        )
        + "\n"
    )


def _waivers(catalog: Catalog) -> Iterator[str]:
    found = [(waiver, subject) for subject, thing in waivable(catalog).items() for waiver in thing.waivers]
    found.sort(key=lambda one: (one[0].until, one[0].rule, one[1]))
    yield f"The catalog has {count(len(found), 'waiver')}:\n"
    yield from _rows(("rule", "of", "since", "until", "whose", "why"))
    for waiver, subject in found:
        since = waiver.since.isoformat() if waiver.since else "not said"
        yield _row(f"[{waiver.rule}](#{waiver.rule})", f"`{subject}`", since, str(waiver.until), waiver.owner, waiver.reason)


def _baseline(catalog: Catalog) -> Iterator[str]:
    never = ", ".join(f"[{rule.name}](#{rule.name})" for rule in RULES if JOB in rule.kinds and not rule.may_be_old)
    yield f"Never old are a secret, the state of Interlock's own timers, and what a plan or a waiver does: {never}.\n"
    if not catalog.baseline:
        yield "The catalog accepts nothing so."
        return
    yield f"The catalog accepts {count(sum(one.count for one in catalog.baseline), 'finding')} so:\n"
    yield from _rows(("rule", "of", "how many", "since", "until", "whose", "why"))
    for one in sorted(catalog.baseline, key=lambda one: (one.until, one.rule, one.subject)):
        days = (one.since.isoformat(), one.until.isoformat())
        link = f"[{one.rule}](#{one.rule})"
        yield _row(link, f"`{one.subject}`", str(one.count), *days, one.owner, one.reason or "was there before")


def _table() -> Iterator[str]:
    yield from _rows(("id", "name", "what good looks like", "judged on"))
    for rule in RULES:
        where = ", ".join(word for origin, word in WHERE.items() if origin in rule.origins)
        yield _row(rule.id, f"[{rule.name}](#{rule.name})", rule.outcome, where)


def _section(rule: Rule) -> Iterator[str]:
    yield f"\n### {rule.name}\n"
    yield f"{rule.id}: {rule.outcome}.\n"
    yield f"{rule.why}\n"
    yield f"Bad:\n\n```\n{rule.bad}\n```\n"
    yield f"Good:\n\n```\n{rule.good}\n```\n"
    yield _how_to_waive(rule)


def _how_to_waive(rule: Rule) -> str:
    if not rule.waivable:
        return "It can't be waived" + (": mend the waiver, or take it out." if rule.name.startswith("waiver") else ".")
    if rule.name == "delete":
        return "To accept it, write the job under `removed`, as above."
    if DECLARED in rule.kinds:
        return f"To waive it: `waive: [{{rule: {rule.name}, reason: ..., owner: ..., since: ..., until: ...}}]` in the entry."
    if STACK in rule.kinds:
        return f'To waive it: `"//": {{"interlock": {{"waive": [{{"rule": "{rule.name}", ...}}]}}}}` beside the stack.'
    if JOB in rule.kinds:
        return f"To waive it: `waive: [{{rule: {rule.name}, reason: ..., owner: ..., since: ..., until: ...}}]` {OF_A_JOB}."
    return f'To waive it: `"//": {{"interlock": {{"waive": [{{"rule": "{rule.name}", ...}}]}}}}` beside the resource.'


def _rows(names: Iterable[str]) -> Iterator[str]:
    titles = list(names)
    yield _row(*titles)
    yield _row(*("---" for _ in titles))


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

# The index of what one can do here; every target is one tested command. ENV=production acts on a real project.

ENV ?= local
PYTHON ?= python3
STACK ?= schedules

VENV := .venv
BIN := $(VENV)/bin
WORKFLOWS := .venv-workflows
POLICY := .venv-policy
PACKAGES := coordinator guard interlock local policies stacks
# The local target starts an embedded stand-in around a command; a real project needs none.
ifeq ($(ENV),local)
RUN := $(BIN)/python -m local run -- $(BIN)/interlock
else
RUN := INTERLOCK_ENV='$(ENV)' $(BIN)/interlock
endif

export NAME REASON OWNER UNTIL SCOPE FOR ID JOB DAY ZONE SERVICE TABLE SVG FROM TO BASE HEAD PLAN AT SINCE REGION
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20
.DEFAULT_GOAL := help
.PHONY: help setup demo deploy backfill-on backfill-off hold extend release holds why status verify inventory timeline fires review bootstrap unlock destroy test lint lint-workflows policy test-policy exhaustive golden bench clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  ENV=local (default, the embedded stand-in) or ENV=production"

demo: setup ## the story in one go, narrated, on a stand-in of its own
	@$(BIN)/python tools/demo.py

deploy: setup ## deploy all stacks; safe to repeat
	@$(RUN) deploy

backfill-on: setup ## turn a backfill on: NAME=tdza [REASON= OWNER= FOR=2h (or UNTIL=23:00)]
	@$(RUN) backfill on --reason "$$REASON" --owner "$$OWNER" $${FOR:+--for "$$FOR"} $${UNTIL:+--until "$$UNTIL"} -- $$NAME

backfill-off: setup ## end a backfill: NAME=tdza
	@$(RUN) backfill off -- $$NAME

hold: setup ## keep the jobs of a scope from firing: SCOPE=service/nba-scrapers FOR=2h (or UNTIL=23:00) REASON=deploys [OWNER=]
	@$(RUN) hold $${FOR:+--for "$$FOR"} $${UNTIL:+--until "$$UNTIL"} --reason "$$REASON" $${OWNER:+--owner "$$OWNER"} -- "$$SCOPE"

extend: setup ## let a hold end later: SCOPE=service/nba-scrapers FOR=2h (or UNTIL=23:00) [ID=]
	@$(RUN) extend $${FOR:+--for "$$FOR"} $${UNTIL:+--until "$$UNTIL"} -- "$$SCOPE" $$ID

release: setup ## end a hold before its end: SCOPE=service/nba-scrapers [ID= REASON=]
	@$(RUN) release $${REASON:+--reason "$$REASON"} -- "$$SCOPE" $$ID

holds: setup ## what is held: by whom, why, until when, how to end it
	@$(RUN) holds

why: setup ## one job: held by what until when, what it misses: JOB=nba-gamebook-scraper
	@$(RUN) why -- "$$JOB"

status: setup ## what is held by what until when, what is paused by declaration, and drift
	@$(RUN) status

verify: setup ## after a resume: are the tables of the jobs that were held written again? [SINCE=24h SCOPE=backfill/tdza]
	@$(RUN) verify $${SINCE:+--since "$$SINCE"} $${SCOPE:+--scope "$$SCOPE"}

inventory: setup ## jobs, functions and Cloud Run services side by side, and which services no job leads to [REGION=us-east1]
	@$(RUN) inventory $${REGION:+--region "$$REGION"}

timeline: setup ## a day's fires, windows, pauses, collisions: [DAY=2026-01-13 ZONE= SERVICE= TABLE= SVG=day.svg]
	@$(BIN)/interlock timeline $${DAY:+--day "$$DAY"} $${ZONE:+--zone "$$ZONE"} $${SERVICE:+--service "$$SERVICE"} \
	  $${TABLE:+--table "$$TABLE"} $${SVG:+--svg "$$SVG"}

fires: setup ## when jobs fire, by their clocks and in UTC: JOB=nba-gamebook-scraper [FROM=2026-03-08 TO=]
	@$(BIN)/interlock fires $${FROM:+--from "$$FROM"} $${TO:+--to "$$TO"} -- $$JOB

review: setup ## what a change of the catalog means: BASE=origin/main [HEAD= PLAN=plan.json AT=]
	@$(BIN)/interlock review --base "$${BASE:-origin/main}" $${HEAD:+--head "$$HEAD"} $${PLAN:+--plan "$$PLAN"} $${AT:+--at "$$AT"}

bootstrap: setup ## make the bucket for Terraform's state, once a project
	@$(RUN) bootstrap

unlock: setup ## release the state lock of a killed deploy: STACK=schedules
	@$(RUN) unlock -- '$(STACK)'

destroy: setup ## destroy everything, flags, holds and their versions included
	@$(RUN) destroy

test: $(VENV)/dev.stamp node_modules/.stamp ## all tests
	@$(BIN)/python -m compileall -q $(PACKAGES) # hundreds of processes follow, also where Python may not write byte code
	@PYTHONHASHSEED=0 $(BIN)/python -m pytest # the same order of sets, so that the model test makes the same runs

lint: $(VENV)/dev.stamp ## style, types and import layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/mypy --python-version 3.10 -p interlock_guard # the oldest that scrapers run on
	@PYTHONPATH=guard $(BIN)/lint-imports

lint-workflows: $(WORKFLOWS)/.stamp ## actionlint and zizmor over .github/workflows
	@$(WORKFLOWS)/bin/actionlint -shellcheck $(WORKFLOWS)/bin/shellcheck -pyflakes ''
	@$(WORKFLOWS)/bin/zizmor --offline --quiet .github/workflows # offline: nothing is asked about the actions themselves

policy: setup $(POLICY)/.stamp ## checkov over what is synthesized and over plans of the local target; its own checks and ours
	@$(BIN)/python -m tools.policy --checkov $(POLICY)/bin/checkov

test-policy: $(POLICY)/.stamp ## the checks, in checkov
	@PYTHONHASHSEED=0 $(POLICY)/bin/python -m pytest -c tests/policies/checks/pytest.ini tests/policies/checks

exhaustive: $(VENV)/dev.stamp node_modules/.stamp ## beyond make test: the model with RUNS=40000 [STEPS= SEED=], 10,000 crons, slow deploys
	@INTERLOCK_MODEL_RUNS='$(or $(RUNS),40000)' INTERLOCK_MODEL_STEPS='$(or $(STEPS),50)' INTERLOCK_MODEL_SEED="$${SEED:-$$(date +%s)}" \
	  INTERLOCK_CRON_EXPRESSIONS=10000 PYTHONHASHSEED=0 $(BIN)/python -m pytest --dist load -v \
	  tests/model/test_model.py tests/interlock/test_cron_fires.py
	@$(BIN)/python -m pytest -v -m long

golden: $(VENV)/dev.stamp node_modules/.stamp ## rewrite the golden files, then look at the difference
	@INTERLOCK_GOLDEN=1 $(BIN)/python -m pytest -n 0 -m golden
	@git --no-pager diff --stat -- tests/golden docs catalog/schema.json README.md CONTRIBUTING.md CONTRIBUTING.md

bench: $(VENV)/dev.stamp $(POLICY)/.stamp node_modules/.stamp ## measure: synth, start-up, toggles, holds and ticks, against gcloud and a client
	@$(BIN)/python -m bench

clean: ## remove what make built; the local target's state in .local/ stays
	rm -rf $(VENV) $(WORKFLOWS) $(POLICY) node_modules cdktf.out

setup: $(VENV)/run.stamp node_modules/.stamp ## Python and Node packages, from the locks

$(VENV)/run.stamp: requirements/run.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: PYTHON=python3.11 make ..." >&2; exit 2; }
	@echo "setting up $(VENV) from requirements/run.txt; this takes a minute or two" >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install -qq --disable-pip-version-check --require-hashes -c requirements/run.txt -r requirements/run.txt
	@$(BIN)/pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q $(PACKAGES)
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/run.stamp
	@$(BIN)/pip install -qq --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

$(WORKFLOWS)/.stamp: requirements/workflows.txt
	@test -x $(WORKFLOWS)/bin/python || $(PYTHON) -m venv $(WORKFLOWS)
	@$(WORKFLOWS)/bin/pip install -qq --disable-pip-version-check --only-binary :all: --require-hashes -r requirements/workflows.txt
	@touch $@

$(POLICY)/.stamp: requirements/policy.txt
	@echo "setting up $(POLICY) from requirements/policy.txt, 300 MB; this takes a minute or two" >&2
	@test -x $(POLICY)/bin/python || $(PYTHON) -m venv $(POLICY)
	@$(POLICY)/bin/pip install -qq --disable-pip-version-check --only-binary :all: --require-hashes -r requirements/policy.txt
	@$(POLICY)/bin/python -m compileall -q interlock policies
	@touch $@

node_modules/.stamp: package-lock.json
	@command -v npm >/dev/null || { echo "Node.js is missing; install Node.js 20 or 22: nodejs.org" >&2; exit 2; }
	@echo "setting up node_modules from package-lock.json" >&2
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

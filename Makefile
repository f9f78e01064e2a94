# The index of what one can do here; every target is one tested command. ENV=production acts on a real project.

ENV ?= local
PYTHON ?= python3
STACK ?= schedules

VENV := .venv
BIN := $(VENV)/bin
WORKFLOWS := .venv-workflows
POLICY := .venv-policy
CHECKED := .cache/checked
NEWEST_NODE := .newest-node
BROWSER := .browser
PACKAGES := conformance coordinator guard interlock local policies stacks

# What people type reaches the commands as it is: make expands a variable where it is used and where it is exported, `$(shell ...)`
# included, unless its value is taken with $(value) and it is no longer recursive. Below only the shell reads them, as "$$NAME".
TYPED := NAME REASON OWNER UNTIL SCOPE FOR ID JOB DAY ZONE SERVICE TABLE SVG FROM TO BASE HEAD PLAN AT SINCE REGION STACK \
  ENV INTERLOCK_CATALOG PYTHON RUNS STEPS SEED DAYS MINUTES WITH_CHANGES YES_DELETE PROVIDER IN BETWEEN COMMAND OUT OPEN WATCH
define line_break


endef
$(foreach name,$(TYPED),$(if $(findstring $(line_break),$(value $(name))),$(error $(name) has a line break; write it in one line)))
$(foreach name,$(TYPED),$(if $(filter undefined,$(origin $(name))),,$(eval override $(name) := $$(value $(name)))))
export $(TYPED)

# The errors of a command that make runs are in the words that were typed: FOR=, not --for.
INTERLOCK := INTERLOCK_ASKED_BY=make $(BIN)/interlock
# A command that acts on the local target starts it by itself.
RUN := INTERLOCK_ENV="$$ENV" $(INTERLOCK)

# What a toggle may do beside pauses.
CHANGES := $$(test "$$WITH_CHANGES" != 1 || echo --with-changes) $${YES_DELETE:+--yes-delete "$$YES_DELETE"}

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo synth plan deploy backfill-plan backfill-on backfill-off backfill-run hold extend release holds why status board verify inventory timeline fires replay review doctor bootstrap unlock destroy test test-node test-browser lint lint-workflows policy test-policy exhaustive chaos test-long golden bench clean conformance

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { \
	  text = $$2; gsub(/\(or /, "(or~", text); number = split(text, words, " "); \
	  line = sprintf("  make %-14s", $$1); wide = length(line " " text) > 80; \
	  for (at = 1; at <= number; at++) { \
	    first = wide && words[at] ~ /^\[?[A-Z]+=/; if (first) wide = 0; \
	    if (first || length(line " " words[at]) > 80) { print line; line = sprintf("%21s", "") } \
	    sub(/~/, " ", words[at]); line = line " " words[at] } \
	  print line }' $(MAKEFILE_LIST)
	@echo "  ENV=local (default, the embedded stand-in) or ENV=production"

demo: setup ## the story in one go, narrated, on a stand-in of its own [NAME=tdza]
	@$(BIN)/python tools/demo.py

synth: setup ## write the stacks as Terraform's JSON, to cdktf.out/
	@$(INTERLOCK) synth

plan: setup ## what a deploy would do to each stack, on one screen
	@$(RUN) plan

deploy: setup ## deploy all stacks; safe to repeat [YES_DELETE=3]
	@$(RUN) deploy $${YES_DELETE:+--yes-delete "$$YES_DELETE"}

backfill-plan: setup ## when to start a backfill, so that least is missed: NAME=tdza [IN=7d BETWEEN=09-18]
	@set -f; $(INTERLOCK) backfill plan $${IN:+--in "$$IN"} $${BETWEEN:+--between "$$BETWEEN"} -- $$NAME

backfill-on: setup ## turn a backfill on: NAME=tdza [REASON= OWNER= FOR=45h (or UNTIL=23:00) AT=02:24 WITH_CHANGES=1]
	@set -f; $(RUN) backfill on --reason "$$REASON" --owner "$$OWNER" $${FOR:+--for "$$FOR"} $${UNTIL:+--until "$$UNTIL"} \
	  $${AT:+--at "$$AT"} $(CHANGES) -- $$NAME

backfill-off: setup ## end a backfill: NAME=tdza [OWNER= WITH_CHANGES=1]
	@set -f; $(RUN) backfill off $${OWNER:+--owner "$$OWNER"} $(CHANGES) -- $$NAME

backfill-run: setup ## hold for as long as a command runs: NAME=tdza COMMAND="python reprocess.py" [REASON= OWNER= FOR=4h]
	@set -f; $(RUN) backfill run $${REASON:+--reason "$$REASON"} $${OWNER:+--owner "$$OWNER"} $${FOR:+--for "$$FOR"} \
	  "$$NAME" -- $${COMMAND:+sh -c "$$COMMAND"}

hold: setup ## keep the jobs of a scope from firing: SCOPE=service/nba-scrapers FOR=2h (or UNTIL=23:00) REASON=deploys [OWNER=]
	@$(RUN) hold $${FOR:+--for "$$FOR"} $${UNTIL:+--until "$$UNTIL"} $${REASON:+--reason "$$REASON"} $${OWNER:+--owner "$$OWNER"} \
	  -- $${SCOPE:+"$$SCOPE"}

extend: setup ## let a hold end later: SCOPE=service/nba-scrapers FOR=2h (or UNTIL=23:00) [ID=]
	@$(RUN) extend $${FOR:+--for "$$FOR"} $${UNTIL:+--until "$$UNTIL"} -- $${SCOPE:+"$$SCOPE"} $${ID:+"$$ID"}

release: setup ## end a hold before its end: SCOPE=service/nba-scrapers [ID= REASON=]
	@$(RUN) release $${REASON:+--reason "$$REASON"} -- $${SCOPE:+"$$SCOPE"} $${ID:+"$$ID"}

holds: setup ## what is held: by whom, why, until when, how to end it
	@$(RUN) holds

why: setup ## one job: held by what until when, what it misses: JOB=nba-gamebook-scraper
	@$(RUN) why -- $${JOB:+"$$JOB"}

status: setup ## what is held by what until when, what is paused by declaration, and drift
	@$(RUN) status

board: setup ## the same and the day ahead, on one page that opens anywhere [OUT=board.html OPEN=1 WATCH=1]
	@$(RUN) board $${OUT:+--out "$$OUT"} $$(test "$$OPEN" != 1 || echo --open) $$(test "$$WATCH" != 1 || echo --watch)

verify: setup ## after a resume: are the tables of the jobs that were held written again? [SINCE=24h] (SCOPE= needs SINCE=)
	@$(RUN) verify $${SINCE:+--since "$$SINCE"} $${SCOPE:+--scope "$$SCOPE"}

inventory: setup ## jobs, functions and Cloud Run services side by side, and which services no job leads to [REGION=us-east1]
	@$(RUN) inventory $${REGION:+--region "$$REGION"}

timeline: setup ## a day's fires, windows, pauses, collisions: [DAY=2026-01-13 ZONE= SERVICE= TABLE= SVG=day.svg]
	@$(INTERLOCK) timeline $${DAY:+--day "$$DAY"} $${ZONE:+--zone "$$ZONE"} $${SERVICE:+--service "$$SERVICE"} \
	  $${TABLE:+--table "$$TABLE"} $${SVG:+--svg "$$SVG"}

fires: setup ## when jobs fire, by their clocks and in UTC: JOB=nba-gamebook-scraper [FROM=2026-03-08 TO= ZONE=]
	@set -f; $(INTERLOCK) fires $${FROM:+--from "$$FROM"} $${TO:+--to "$$TO"} $${ZONE:+--zone "$$ZONE"} -- $$JOB

replay: setup ## a night that went wrong, played again as it was and otherwise: docs/incident.md [RUNS=1000 SVG=night.svg]
	@$(BIN)/python -m tools.replay

review: setup ## what a change of the catalog means: BASE=origin/main [HEAD= PLAN=plan.json AT=]
	@$(INTERLOCK) review --base "$${BASE:-origin/main}" $${HEAD:+--head "$$HEAD"} $${PLAN:+--plan "$$PLAN"} $${AT:+--at "$$AT"}

doctor: setup ## what this machine and the project lack, and what to type; changes nothing
	@$(RUN) doctor

bootstrap: setup ## turn on the first APIs and make the bucket for Terraform's state, once a project
	@$(RUN) bootstrap

unlock: setup ## release the state lock of a killed deploy: STACK=schedules
	@$(RUN) unlock -- "$$STACK"

destroy: setup ## destroy everything, flags, holds and their versions included
	@$(RUN) destroy

test: setup $(VENV)/dev.stamp ## all tests
	@$(BIN)/python -m compileall -q $(PACKAGES) # hundreds of processes follow, also where Python may not write byte code
	@PYTHONDONTWRITEBYTECODE= PYTHONHASHSEED=0 $(BIN)/python -m pytest # the same order of sets, for the same runs of the model

test-node: setup $(VENV)/dev.stamp $(NEWEST_NODE)/.stamp ## a deploy and a toggle on the newest Node.js, taken from npm
	@PATH="$(CURDIR)/$(NEWEST_NODE)/bin:$$PATH" $(BIN)/python -m pytest -vv -n 0 -m node tests/e2e/test_node.py

test-browser: setup $(VENV)/browser.stamp $(BROWSER)/.stamp ## the board in the Chromium that is there
	@$(BIN)/python -m pytest -n 2 -m browser tests/browser

lint: setup $(VENV)/dev.stamp ## style, types and import layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/mypy --python-version 3.10 -p interlock_guard # the oldest that scrapers run on
	@PYTHONPATH=guard $(BIN)/lint-imports

lint-workflows: $(WORKFLOWS)/.stamp ## actionlint and zizmor over .github/workflows
	@$(WORKFLOWS)/bin/actionlint -shellcheck $(WORKFLOWS)/bin/shellcheck -pyflakes ''
	@$(WORKFLOWS)/bin/zizmor --offline --quiet .github/workflows # offline: nothing is asked about the actions themselves

policy: setup $(POLICY)/.stamp ## checkov, its checks and ours, over the stacks and over plans of the local target [ENV=production: stacks]
	@INTERLOCK_ENV="$$ENV" $(BIN)/python -m tools.policy --checkov $(POLICY)/bin/checkov

test-policy: $(POLICY)/.stamp ## the checks, in checkov
	@PYTHONHASHSEED=0 $(POLICY)/bin/python -m pytest -c tests/policies/checks/pytest.ini tests/policies/checks

exhaustive: setup $(VENV)/dev.stamp ## beyond make test: the model with RUNS=40000 [STEPS= SEED=], 10,000 crons, 2,000 edits
	@INTERLOCK_MODEL_RUNS="$${RUNS:-40000}" INTERLOCK_MODEL_STEPS="$${STEPS:-50}" INTERLOCK_MODEL_SEED="$${SEED:-$$(date +%s)}" \
	  INTERLOCK_CRON_EXPRESSIONS=10000 INTERLOCK_EDITS=2000 INTERLOCK_EDITS_SEED="$${SEED:-$$(date +%s)}" PYTHONHASHSEED=0 \
	  $(BIN)/python -m pytest --dist load -v \
	  tests/model/test_model.py tests/interlock/test_cron_fires.py tests/interlock/reading/test_small_edits.py

chaos: setup $(VENV)/dev.stamp ## a virtual month in which processes, calls and clocks fail: [DAYS=30 MINUTES=10 SEED=]
	@$(BIN)/python -m tests.chaos --days="$${DAYS:-30}" --minutes="$${MINUTES:-10}" $${SEED:+--seed="$$SEED"}

test-long: setup $(VENV)/dev.stamp ## beyond make test: slow deploys, imports, first days with one thing missing, the cdktf command line
	@$(BIN)/python -m pytest -v -m long

conformance: setup ## what we take for true of Google: of the stand-in, or of a project with ENV=sandbox [PROVIDER=real]
	@INTERLOCK_ENV="$$ENV" $(if $(value PROVIDER),INTERLOCK_LOCAL_PROVIDER="$$PROVIDER") $(BIN)/python -m conformance

golden: setup $(VENV)/dev.stamp ## rewrite the golden files, then look at the difference
	@INTERLOCK_GOLDEN=1 $(BIN)/python -m pytest -n 0 -m golden
	@git --no-pager diff --stat -- tests docs catalog/schema.json catalog/clocks.json README.md CONTRIBUTING.md

bench: setup $(VENV)/dev.stamp ## measure what people wait for beside the tools below, and write docs/benchmarks.md
	@$(BIN)/python -m compileall -q $(PACKAGES) # else it measures the compiler, too, where Python may not write byte code
	@$(BIN)/python -m bench

clean: ## remove what make built; the local target's state in .local/ stays
	rm -rf $(VENV) $(WORKFLOWS) $(POLICY) $(NEWEST_NODE) $(BROWSER) $(CHECKED) .cache/read node_modules imports cdktf.out

setup: $(CHECKED) $(VENV)/run.stamp node_modules/.stamp imports/.stamp ## packages from the locks, and the bindings; first what they need

# Everything that is missing at once, before minutes of pip.
HERE = test -x $(BIN)/python && python=$(BIN)/python || python="$$PYTHON"
CHECK = "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 7))' 2>/dev/null || { \
    printf '%s\n' "$$python is missing or too old; install Python 3.11 to 3.15: python.org/downloads" >&2; \
    for tool in node npm "$${TERRAFORM_BINARY_NAME:-terraform}"; do command -v $$tool >/dev/null || echo "$$tool is missing, too" >&2; done; exit 2; }; \
  "$$python" -I interlock/terminal/machine.py

$(CHECKED): interlock/terminal/machine.py requirements/run.txt package-lock.json
	@$(HERE); $(CHECK) make=$(MAKE_VERSION) python node npm terraform
	@mkdir -p $(@D) && touch $@

$(VENV)/run.stamp: requirements/run.txt pyproject.toml
	@$(HERE); $(CHECK) python
	@test -x $(BIN)/python || "$$PYTHON" -m venv $(VENV)
	@$(BIN)/python tools/install.py pip $(VENV) requirements/run.txt
	@$(BIN)/pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q $(PACKAGES)
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/run.stamp
	@$(BIN)/python tools/install.py pip $(VENV) requirements/dev.txt
	@touch $@

node_modules/.stamp: package-lock.json | $(VENV)/run.stamp
	@$(BIN)/python tools/install.py npm .
	@touch $@

# Of the types that the local target's provider serves, in the version that cdktf.json names.
imports/.stamp: tools/bindings.py cdktf.json local/provider/schema.json local/provider/types.py $(VENV)/run.stamp node_modules/.stamp
	@$(BIN)/python -m tools.bindings
	@touch $@

$(WORKFLOWS)/.stamp: requirements/workflows.txt
	@python="$$PYTHON"; $(CHECK) python
	@test -x $(WORKFLOWS)/bin/python || "$$PYTHON" -m venv $(WORKFLOWS)
	@$(WORKFLOWS)/bin/python tools/install.py pip $(WORKFLOWS) requirements/workflows.txt --only-binary :all:
	@touch $@

$(POLICY)/.stamp: requirements/policy.txt # orjson and pycares, which checkov pins, have no wheel for Python 3.15
	@python="$$PYTHON"; $(CHECK) python=3.14
	@test -x $(POLICY)/bin/python || "$$PYTHON" -m venv $(POLICY)
	@$(POLICY)/bin/python tools/install.py pip $(POLICY) requirements/policy.txt --only-binary :all:
	@$(POLICY)/bin/python -m compileall -q interlock policies
	@touch $@

$(VENV)/browser.stamp: requirements/browser.txt $(VENV)/dev.stamp
	@$(BIN)/python tools/install.py pip $(VENV) requirements/browser.txt
	@touch $@

$(BROWSER)/.stamp: requirements/browser/package-lock.json | $(VENV)/run.stamp
	@mkdir -p $(BROWSER) && cp requirements/browser/*.json $(BROWSER)
	@$(BIN)/python tools/install.py npm $(BROWSER)
	@touch $@

$(NEWEST_NODE)/.stamp: requirements/node/package-lock.json | $(VENV)/run.stamp
	@mkdir -p $(NEWEST_NODE)/bin && cp requirements/node/*.json $(NEWEST_NODE)
	@$(BIN)/python tools/install.py npm $(NEWEST_NODE)
	@cd $(NEWEST_NODE)/bin && ln -sf ../node_modules/node-*/bin/node node
	@touch $@

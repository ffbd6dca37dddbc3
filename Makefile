# Every target is one line of the runner or of a tool; `make` alone lists them.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
N ?= 500
SERVER ?= 18
BIN := $(VENV)/bin
RUNNER := $(BIN)/python runner.py
MIGRATIONS = $(basename $(notdir $(filter-out %.rollback.sql,$(wildcard migrations/*.sql))))
LINTERS = '$(RUNNER) lint' '$(BIN)/python .ci/style.py migrations seeds sql migrator bench tests' \
  '$(BIN)/ruff check .' '$(BIN)/ruff format --check .' '$(BIN)/mypy'
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --require-hashes

.PHONY: help migrate deploy rollback status plan verify round-trip seed schema roles psql reset server-stop test test-rest test-all \
  review torture bench bench-speed bench-deploy bench-batches bench-review bench-fleet bench-scale lint format clean anew
.DEFAULT_GOAL := help

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

migrate: $(VENV)/run ## Apply what is pending, then the seeds that changed
	@$(RUNNER) migrate

deploy: $(VENV)/run ## The same with a backup, a rehearsal and a way back; DATABASE_URL names the target
	@$(RUNNER) deploy

rollback: $(VENV)/run ## Undo the newest migration; asks first
	@$(RUNNER) rollback --steps 1

status: $(VENV)/run ## Show what is applied and what is not
	@$(RUNNER) status

plan: $(VENV)/run ## Show what would run
	@$(RUNNER) plan

verify: $(VENV)/run ## Check history, schema, rules, indexes and seeds
	@$(RUNNER) verify

round-trip: $(VENV)/run ## Roll everything back, then migrate again; destroys the data
	@$(RUNNER) rollback --all --yes
	@$(RUNNER) migrate

seed: $(VENV)/run ## Apply the reference data
	@$(RUNNER) seed

schema: $(VENV)/dev ## Write what is made of the files: sql/schema.sql, docs/schema.md, docs/performance.md, examples/
	@$(RUNNER) migrate
	@$(RUNNER) schema
	@$(BIN)/python examples/sqlalchemy/generate.py "$${DATABASE_URL:-$$($(RUNNER) server url)}"
	@$(BIN)/python -m bench.report

roles: $(VENV)/run ## Create the four roles on the embedded server, and write what each may do into docs/roles.md
	@$(RUNNER) migrate
	@$(RUNNER) server psql -X -q -c '\connect - postgres' -f sql/roles/roles.sql -f sql/roles/grants.sql
	@sed -n '/^|/!p' docs/roles.md >docs/roles.md.new
	@$(RUNNER) server psql -X -q -A -t -f sql/roles/report.sql >>docs/roles.md.new
	@mv docs/roles.md.new docs/roles.md

psql: $(VENV)/run ## Open psql on the embedded server
	@$(RUNNER) server psql

reset: $(VENV)/run ## Drop the embedded server's database and migrate anew; asks first, not with YES=1
	@$(RUNNER) server reset $(if $(YES),--yes)
	@$(RUNNER) migrate

server-stop: $(VENV)/run ## Stop the embedded server
	@$(RUNNER) server stop

test: $(VENV)/dev ## Run the fast tests on the newest PostgreSQL: under two minutes
	@$(BIN)/python -m pytest

test-rest: $(VENV)/dev ## Run what `make test` leaves out; ONLY=15 for one PostgreSQL
	@$(BIN)/python -m pytest -m 'slow$(ONLY:%= and pg%)'

test-all: $(VENV)/dev ## Run every test on every PostgreSQL that is there
	@DEPLOY_KILLS=$${DEPLOY_KILLS:-60} FLEET_KILLS=$${FLEET_KILLS:-100} BATCH_KILLS=$${BATCH_KILLS:-200} \
	  TENANT_KILLS=$${TENANT_KILLS:-30} $(BIN)/python -m pytest -m ""

torture: $(VENV)/dev ## Kill the runner, its session, its server, and deploys N times each; say what was lost
	@$(BIN)/python -m tests.support.torture $(N)
	@DEPLOY_KILLS=$(N) BATCH_KILLS=$(N) \
	  $(BIN)/python -m pytest -m "" -k killed tests/deploy/test_deploy_kills.py tests/core/test_batches.py

bench: $(VENV)/dev ## Measure every query and index on 2 million tasks; SERVER=15 for another version
	@$(BIN)/python -m bench.workload --server $(SERVER)

bench-speed: $(VENV)/dev ## Measure the runner against psql, a bare script and other tools
	@$(BIN)/python -m bench.speed

bench-deploy: $(VENV)/dev ## Measure deploys of a large database; SERVER='15 18' for two versions
	@$(BIN)/python -m bench.deploy --server $(SERVER)

bench-batches: $(VENV)/dev ## Measure a file in batches on 2 million rows that are read and written
	@$(BIN)/python -m bench.batches --server $(SERVER)

bench-review: $(VENV)/dev ## Compare what the review estimates with what comes true at a million rows
	@$(BIN)/python -m bench.estimates --server $(SERVER)

bench-fleet: $(VENV)/dev ## Measure the work on 200 databases on two servers, beside a bare program
	@$(BIN)/python -m bench.fleet

bench-scale: $(VENV)/dev ## Measure partitions and retention beside an application that writes
	@$(BIN)/python -m bench.scale --server $(SERVER)

review: $(VENV)/dev ## Measure every migration on throwaway databases; the report goes to review/
	@$(RUNNER) review $(MIGRATIONS) --out review

lint: $(VENV)/dev ## Check SQL (sqlfluff, squawk, bytes, headers) and Python (ruff, mypy), all at once
	@failed=$$(mktemp); for linter in $(LINTERS); do \
	  echo "$$linter" >&2; { $$linter || echo "  $$linter" >>"$$failed"; } & \
	done; wait; \
	named=$$(sort "$$failed"); rm "$$failed"; \
	test -z "$$named" || { printf 'failed:\n%s\n' "$$named" >&2; exit 1; }

format: $(VENV)/dev ## Format Python; SQL that was applied is never formatted
	@$(BIN)/ruff format .

clean: ## Stop the embedded server; remove its data and the virtual environment
	@test ! -e $(VENV)/run || $(RUNNER) server stop
	@home=$$(readlink .postgres/home) || exit 0; \
	test "$$(cat "$$home/checkout")" != "$$(pwd -P)/.postgres" || rm -rf "$$home"
	rm -rf $(VENV) .postgres

# A stamp for each lock file: what it names is installed again when it changes.
$(VENV)/run: requirements.txt $(BIN)/pip
	@echo 'Installing what the runner needs into $(VENV)/' >&2
	@$(PIP) -r requirements.txt
	@$(BIN)/python -m compileall -q migrator
	@touch $@

$(VENV)/dev: requirements-dev.txt $(BIN)/pip
	@echo 'Installing what development needs into $(VENV)/' >&2
	@$(PIP) -r requirements-dev.txt
	@$(BIN)/python -m compileall -q migrator
	@touch $@ $(VENV)/run

# The environment is made anew where its Python is gone or another one, and where nothing was ever
# installed to the end: a `make` that failed or was cut off leaves half of one.
$(BIN)/pip: $(BIN)/python $(if $(wildcard $(VENV)/run),,anew)
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
	  || { echo 'Python 3.11 to 3.13 is needed; name one: make PYTHON=python3.12 ...' >&2; exit 1; }
	@echo "Making $(VENV)/ with $$($(PYTHON) --version)" >&2
	@rm -rf $(VENV)
	@{ $(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip --version >/dev/null; } || { \
	  rm -rf $(VENV); \
	  echo '$(PYTHON) makes no virtual environment with pip in it: $(VENV)/ was removed again.' >&2; \
	  echo 'Debian and Ubuntu have what it needs in a package: apt install python3-venv' >&2; \
	  exit 1; }

$(BIN)/python anew: ;

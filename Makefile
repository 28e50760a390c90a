# The verbs of this project. Each calls one tool or one script.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Where pictures of API responses and a browser are, tests use them; where not, they say so and skip.
JOBS ?= auto
IMAGE ?= data-platform-etl:dev
IMAGE_TOOL ?= docker

.DEFAULT_GOAL := help
.PHONY: help run test lint format psql ask status report bench image snapshot catalogue lock clean

help: ## Print this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: $(VENV)/run ## Run the SpaceX pipeline end to end on this machine and show the answers
	@$(BIN)/etl run spacex --or-simulate --report .data/report.html

test: $(VENV)/test ## Run all tests, in parallel, with coverage
	@$(BIN)/pytest -n $(JOBS) --dist worksteal --cov --cov-report=term

lint: $(VENV)/lint ## Check style, types, import arrows, SQL and workflows
	@.ci/lint $(BIN)

format: $(VENV)/lint ## Rewrite the code in the house style
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

psql: $(VENV)/run ## Open psql on the warehouse
	@$(BIN)/etl psql

ask: $(VENV)/run ## Ask every question of sql/questions/
	@$(BIN)/etl ask

status: $(VENV)/run ## Show watermarks, the last runs and what is in quarantine
	@$(BIN)/etl status

report: $(VENV)/run ## Write the answers as charts into .data/report.html
	@$(BIN)/etl report

bench: $(VENV)/run $(VENV)-bench/bench ## Measure speed against the limit and against peers; writes docs/benchmarks.md
	@$(VENV)-bench/bin/python -m tests.bench

image: ## Build the image that pods run (IMAGE_TOOL=docker or buildah, IMAGE=name:tag)
	@.ci/image $(IMAGE_TOOL) $(IMAGE)

snapshot: $(VENV)/run ## Make the simulator's snapshot anew from the live API (FROM=folder: from kept responses)
	@$(BIN)/python -m etl.simulate.snapshot $(if $(FROM),--from-dir $(FROM),--from-url https://api.spacexdata.com)

catalogue: $(VENV)/run ## Write docs/data-catalogue.md from the declared schemas
	@$(BIN)/python -m etl.catalogue

lock: ## Lock the requirements anew, with hashes (needs uv)
	@.ci/lock

clean: ## Remove all that was made here: environments, data, caches
	@.ci/clean $(VENV)

# An environment is as new as the lock file it was made from.
$(VENV)/run: etl/requirements.txt pyproject.toml
	@.ci/environment $(PYTHON) $(VENV) $<
	@touch $@

$(VENV)/test $(VENV)/lint: tests/requirements.txt pyproject.toml
	@.ci/environment $(PYTHON) $(VENV) $<
	@touch $(VENV)/run $(VENV)/test $(VENV)/lint

$(VENV)-bench/bench: tests/bench/requirements.txt pyproject.toml
	@.ci/environment $(PYTHON) $(VENV)-bench $<
	@touch $@

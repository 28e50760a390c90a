# The commands of this project. Each calls one tool or one script.

PYTHON ?= python3
VENV = .venv
BIN := $(VENV)/bin
# Hundreds of processes import the same: Python keeps what it has compiled.
unexport PYTHONDONTWRITEBYTECODE
# What a shell exports for other projects is not about this one.
unexport PYTHONHOME PYTHONPATH PYTHONSTARTUP PYTHONINSPECT PYTHONWARNINGS VIRTUAL_ENV CDPATH GREP_OPTIONS
# Where pictures of API responses and a browser are, tests use them; where not, they say so and skip.
JOBS ?= auto
# Which tests `make test` runs, by their marks.
TESTS ?= not thorough
IMAGE ?= data-platform-etl:dev
IMAGE_SPARK ?= data-platform-etl-spark:dev
IMAGE_ENRICHMENT ?= data-platform-enrichment:dev
IMAGE_TOOL ?= docker
# It tells of its own successors at every call.
MKDOCS = NO_MKDOCS_2_WARNING=1 $(VENV)-docs/bin/python -m mkdocs
PLATFORM = $(BIN)/python -m k8s.installer

.DEFAULT_GOAL := help
.PHONY: help run ask report notebook mosaic up status alerts credentials ui psql trigger restore down destroy \
	aws-plan aws-test test test-all environments e2e e2e-all lint format soak bench bench-day bench-scale bench-backfill bench-archives bench-enrichment bench-cluster image image-aws image-spark image-emr image-enrichment snapshot catalogue dashboards metrics docs docs-serve lock clean

help: ## Print this list
	@sed -n 's/^##@ \(.*\)/\n\1/p; s/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

##@ On this machine, with an embedded Postgres

run: $(VENV)/run ## Run the SpaceX pipeline end to end on this machine and show the answers
	@$(BIN)/etl run spacex --or-simulate --report .data/report.html

ask: $(VENV)/run ## Ask every question of sql/questions/
	@$(BIN)/etl ask

report: $(VENV)/run ## Write what a source has published as a page of charts (SOURCE=sensors; default: spacex)
	@$(BIN)/etl report $(or $(SOURCE),spacex)

notebook: $(VENV)-notebooks/lab ## Open JupyterLab on notebooks/, which read what is published (ARGS=--no-browser)
	@$(VENV)-notebooks/bin/jupyter lab --notebook-dir notebooks \
		--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate $(ARGS)

mosaic: $(VENV)-enrichment/run ## Show a mosaic in the browser, of the lake's pictures or of drawn ones (POOL=folder with an index.json, PORT=8765)
	@.ci/mosaic $(VENV) $(if $(POOL),--pool "$(POOL)") $(if $(PORT),--port $(PORT))

##@ On Kubernetes, on the current context of kubectl or on CLUSTER=kind, docker-desktop, …

up: $(VENV)/run ## Install the platform or bring it up to date (SIMULATE=1: without internet; OBJECT_STORE=1: lake on S3; python -m k8s.installer up -h: more)
	@$(PLATFORM) up

status: $(VENV)/run ## Show releases, the last run, watermarks, volumes, and what to do if something is wrong
	@$(PLATFORM) status

alerts: $(VENV)/run ## Print each alert with its state, value and runbook
	@$(PLATFORM) alerts

credentials: $(VENV)/run ## Print users and passwords
	@$(PLATFORM) credentials

ui: $(VENV)/run ## Forward Airflow, Grafana, Prometheus and Alertmanager to this machine
	@$(PLATFORM) ui

psql: $(VENV)/run ## Open psql on the warehouse (ROLE=analyst, ARGS='-c "select …"')
	@$(PLATFORM) psql -- $(ARGS)

trigger: $(VENV)/run ## Run a DAG and follow it (DAG=sensors START_DATE=2024-01-01 END_DATE=2024-05-17)
	@$(PLATFORM) trigger

restore: $(VENV)/run ## List backups; with TO=backup or AT=moment restore beside and show what differs (REPLACE=1, TABLE=silver.…)
	@$(PLATFORM) restore

down: $(VENV)/run ## Remove the platform but keep its data
	@$(PLATFORM) down

destroy: $(VENV)/run ## Remove the platform and its data, after asking (YES=1: without)
	@$(PLATFORM) destroy

##@ On AWS, without a cluster (docs/how-to/aws.md)

aws-plan: ## Show what Terraform would change in your account (ENVIRONMENT=dev or prod, IMAGE_VERSION=1.0.0)
	@terraform -chdir=aws/terraform/environments/$(or $(ENVIRONMENT),dev) init -input=false -backend-config=backend.hcl >/dev/null
	@terraform -chdir=aws/terraform/environments/$(or $(ENVIRONMENT),dev) plan -input=false -var image_version=$(or $(IMAGE_VERSION),dev)

aws-test: $(VENV)/test ## Apply it to a simulated AWS, run the pipeline there, destroy it: no account needed
	@$(BIN)/pytest -n 4 --dist loadfile -m "" tests/aws

##@ To work on it

test: environments ## Run the tests, in parallel, in 6 to 10 minutes; those of the DAGs beside Airflow
	@$(BIN)/pytest -n $(JOBS) --dist worksteal -m "$(TESTS)"
	@$(VENV)-airflow/bin/python -m pytest -c tests/dags/pytest.ini tests/dags

test-all: environments ## Run what test leaves out, too, and measure coverage: all points of a kill, more examples, S3 everywhere
	@TESTS_THOROUGH=1 $(BIN)/pytest -n $(JOBS) --dist worksteal -m "" --cov --cov-report=term
	@$(VENV)-airflow/bin/python -m pytest -c tests/dags/pytest.ini tests/dags

e2e: $(VENV)/test ## Prove the platform on the current cluster or CLUSTER=kind; it kills what runs there
	@$(BIN)/pytest -p no:cacheprovider -m "$(TESTS)" tests/e2e

e2e-all: $(VENV)/test ## Prove what e2e leaves out, too: backups, an object store, Spark, lost volumes, upgrades
	@$(BIN)/pytest -p no:cacheprovider -m "" tests/e2e

lint: $(VENV)/lint ## Check style, types, import arrows, SQL and workflows
	@.ci/lint $(BIN)

format: $(VENV)/lint ## Rewrite the code in the house style
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format . && $(BIN)/python -m notebooks.stored

soak: $(VENV)/test ## Live a year of daily runs with late data, outages and kills, in about an hour; writes docs/soak.md (ARGS=--days 30)
	@$(BIN)/python -m tests.soak $(ARGS)

bench: $(VENV)/run $(VENV)-bench/bench ## Measure speed against the limit and against peers; writes docs/benchmarks.md
	@$(VENV)-bench/bin/python -m tests.bench

bench-day: $(VENV)/run $(VENV)-bench/bench ## Measure what one more day costs on up to 36.5 million rows; writes docs/benchmarks-day.md
	@$(VENV)-bench/bin/python -m tests.bench.day

bench-scale: $(VENV)/test ## Measure the sensors from 36,500 to 36.5 million rows, local and Spark; writes docs/benchmarks-scale.md
	@$(BIN)/python -m tests.bench.scale

bench-backfill: $(VENV)/test ## Measure ten years in months into both destinations; writes docs/benchmarks-backfill.md
	@$(BIN)/python -m tests.bench.backfill $(ARGS)

bench-archives: $(VENV)/test ## Measure NASA's whole archives, killed and resumed; writes docs/benchmarks-archives.md
	@$(BIN)/python -m tests.bench.archives

bench-enrichment: $(VENV)/test ## Measure the service for pictures and the mosaic (ENRICHMENT_MODEL=folder: its cost, too); writes docs/benchmarks-enrichment.md
	@$(BIN)/python -m tests.bench.enrichment

bench-cluster: $(VENV)/test ## Measure the platform on the current cluster; writes docs/benchmarks-cluster.md
	@$(BIN)/python -m tests.bench.cluster

image: ## Build the image that pods run (IMAGE_TOOL=docker or buildah, IMAGE=name:tag)
	@.ci/image $(IMAGE_TOOL) $(IMAGE)

image-aws: ## Build the image for AWS, which also asks Glue and publishes into Redshift (IMAGE_TOOL and IMAGE as above)
	@.ci/image $(IMAGE_TOOL) $(IMAGE) etl/Dockerfile requirements-aws.txt

image-spark: ## Build the image with Spark and a Java (IMAGE_TOOL as above, IMAGE_SPARK=name:tag)
	@.ci/image $(IMAGE_TOOL) $(IMAGE_SPARK) etl/spark.Dockerfile

image-emr: ## Build the image for Spark on EMR Serverless (IMAGE_TOOL and IMAGE as above)
	@.ci/image $(IMAGE_TOOL) $(IMAGE) etl/emr.Dockerfile

image-enrichment: ## Build the image of the service that describes pictures, with its model (IMAGE_TOOL as above)
	@.ci/image $(IMAGE_TOOL) $(IMAGE_ENRICHMENT) enrichment/Dockerfile

snapshot: $(VENV)/run ## Rebuild the simulator's snapshot from the live API (FROM=folder: from stored responses)
	@$(BIN)/python -m etl.sources.spacex.snapshot $(if $(FROM),--from-dir $(FROM),--from-url https://api.spacexdata.com)

catalogue: $(VENV)/run ## Write docs/data-catalogue.md from the declared schemas
	@$(BIN)/python -m etl.catalogue

dashboards: $(VENV)/test ## Write Grafana's dashboards, monitoring/dashboards/json, from their code
	@$(BIN)/python -m monitoring.dashboards

metrics: $(VENV)/test ## Write docs/metrics.md from the declared metrics
	@$(BIN)/python -m monitoring.metrics

docs: $(VENV)-docs/site ## Build the documentation site into .data/site
	@$(MKDOCS) build --strict --quiet && echo "The site is in .data/site; make docs-serve shows it."

docs-serve: $(VENV)-docs/site ## Show the documentation site at http://127.0.0.1:8000, as you change it (ARGS="--dev-addr 127.0.0.1:8001")
	@$(MKDOCS) serve --strict $(ARGS)

lock: ## Lock the requirements again, with hashes (needs uv)
	@.ci/lock

clean: ## Remove everything made here: environments, data, caches
	@.ci/clean $(VENV)

environments: # Both at the same time: one waits for the network while the other unpacks.
	@$(MAKE) --no-print-directory -j 2 $(VENV)/test $(VENV)-airflow/test

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

$(VENV)-notebooks/lab: notebooks/requirements.txt pyproject.toml
	@.ci/environment $(PYTHON) $(VENV)-notebooks $<
	@touch $@

$(VENV)-docs/site: website/requirements.txt pyproject.toml
	@.ci/environment $(PYTHON) $(VENV)-docs $<
	@touch $@

$(VENV)-enrichment/run: enrichment/requirements.txt
	@.ci/environment $(PYTHON) $(VENV)-enrichment $<
	@touch $@

$(VENV)-airflow/test: dags/requirements.txt
	@.ci/environment $(PYTHON) $(VENV)-airflow $<
	@touch $@

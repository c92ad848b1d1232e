# The verbs of Tessera. They need Python 3.11 or newer, make, and the package registries; `make` lists them.
# Variables: PYTHON=python3.12, CHECK=1 (up), N=2 and T="path -k name" (test, safety, soak), SEEDS=n (safety, soak), STRICT=1 (bench).

PYTHON ?= python3
READY := $(PYTHON) -I platform/tessera/embedded/bootstrap.py
RUN := .venv/bin/python
EMBEDDED := $(RUN) -m tessera.embedded

.DEFAULT_GOAL := help
.PHONY: help venv up stop test story safety soak bench lint types schema migrations lock

help: ## List the verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: ## Make the virtual environment; every verb does
	@$(READY)

up: venv ## Run everything here; the first time with the sample company
	@$(EMBEDDED) up --with-parent

stop: venv ## Stop what `make up` started
	@$(EMBEDDED) stop

test: venv ## Run every check and the tests
	@$(EMBEDDED).checks $(if $(T),-- $(T))

story: venv ## Drive the product from sign-up to the closed books, over HTTP
	@$(EMBEDDED) run --profile test --name story --serve --otherwise "story: failed: start" -- python manage.py story

safety: venv ## Run the tests with a long count, one JSON line each: kills, races, isolation (SEEDS=n)
	@$(RUN) -m pytest --safety -n $(or $(N),2) --dist loadgroup $(addprefix --seeds=,$(SEEDS)) $(T)

soak: venv ## Run the tests whose long count takes hours: random lives of subscriptions, generated inputs, a million rows
	@$(RUN) -m pytest --soak -n $(or $(N),2) --dist loadgroup $(addprefix --seeds=,$(SEEDS)) $(T)

bench: venv ## Measure against the raw floor; writes docs/benchmarks.json
	@$(EMBEDDED) run --name bench -- python manage.py bench

lint: venv ## Check style and the direction of imports
	@$(EMBEDDED).checks lint

types: venv ## Check types
	@$(EMBEDDED).checks types

schema: venv ## Write the GraphQL SDL that is committed
	@$(EMBEDDED) run --profile test -- python manage.py schema

migrations: venv ## Write migrations for changed models
	@$(EMBEDDED) run --profile test -- python manage.py makemigrations

lock: ## Resolve requirements/*.lock again
	@$(READY) --lock

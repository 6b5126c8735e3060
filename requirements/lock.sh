#!/usr/bin/env bash
# Renews run.lock and dev.lock from pyproject.toml, for every Python from 3.11 and both processors, without host names.
# dev.lock keeps the versions of run.lock, so that tests run what users run.
set -euo pipefail
cd "$(dirname "$0")/.."

uv=$(command -v uv || echo .venv/bin/uv)
[ -x "$uv" ] || { echo "uv is needed: .venv/bin/python -m pip install uv" >&2; exit 1; }

# hatchling is locked too: it builds the editable install of Roomtone itself.
compile() { # LOCK [OPTION...]
    local lock=$1
    shift
    printf 'hatchling>=1.27\neditables>=0.5\n' | "$uv" pip compile pyproject.toml - --quiet --universal \
        --python-version 3.11 --generate-hashes --only-binary :all: --no-header --no-annotate \
        --no-emit-index-url --no-emit-find-links --output-file "requirements/$lock" "$@"
}
compile run.lock --extra hub --extra satellite --extra speech
compile dev.lock --extra dev --extra hub --extra satellite --extra speech --constraint requirements/run.lock

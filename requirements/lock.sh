#!/usr/bin/env bash
# Renews run.lock, dev.lock and bench.lock from pyproject.toml, and engine.lock and engine-dev.lock from engine.in, for
# every Python from 3.11 and both processors, without host names. Each keeps the versions of run.lock, so that tests run
# what users run and the engine speaks to the hub by the same libraries.
set -euo pipefail
cd "$(dirname "$0")/.."

uv=$(command -v uv || echo .venv/bin/uv)
[ -x "$uv" ] || { echo "uv is needed: .venv/bin/python -m pip install uv" >&2; exit 1; }

compile() { # OPTION...
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --only-binary :all: \
        --no-header --no-annotate --no-emit-index-url --no-emit-find-links "$@"
}
# hatchling is locked too: it builds the editable install of Roomtone itself.
compile_project() { # LOCK [OPTION...]
    local lock=$1
    shift
    printf 'hatchling>=1.27\neditables>=0.5\n' | compile pyproject.toml - --output-file "requirements/$lock" "$@"
}
compile_project run.lock --extra hub --extra satellite --extra speech
compile_project dev.lock --extra dev --extra hub --extra satellite --extra speech --constraint requirements/run.lock
compile_project bench.lock --extra bench --extra dev --extra hub --extra satellite --extra speech \
    --constraint requirements/dev.lock

# moshi's own list wants a torch older than the newest GPUs need: it is locked alone, and installed without its list.
moshi=$(printf 'moshi==0.2.13\n' | compile - --no-deps)
compile requirements/engine.in --constraint requirements/run.lock --output-file requirements/engine.lock > /dev/null
printf '%s\n' "$moshi" >> requirements/engine.lock
printf 'sounddevice>=0.5.1\npytest>=8.3\npytest-asyncio>=0.25\npytest-timeout>=2.3\nhypothesis>=6.115\n' |
    compile - --constraint requirements/dev.lock --output-file requirements/engine-dev.lock > /dev/null

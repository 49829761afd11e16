#!/usr/bin/env bash
# Prove the server with other people's clients: Inspect and garak, each in an environment of its own, against
# `drillyard organism serve`. The checks are tests/organisms/test_serving_clients.py and the openai client's tests; and
# garak's probes are read as seeds of an audit (tests/audits/seeding/test_garak.py).
#
#   benchmarks/clients.sh [pytest options]
#
# Environments are made once, in $DRILLYARD_CLIENTS or the user's cache (Inspect 0.3 GB; garak some 200 packages, 6 GB,
# because it brings torch). Needs a package index the first time, no network afterwards.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
PYTHON=${PYTHON:-$ROOT/.venv/bin/python}
HERE=${DRILLYARD_CLIENTS:-${XDG_CACHE_HOME:-$HOME/.cache}/drillyard/clients}

# environment NAME REQUIREMENT…: make it unless it is there whole, and print its Python.
environment() {
  local name=$1 folder=$HERE/$1
  shift
  if ! grep -qsx "$*" "$folder/installed"; then
    printf 'Installing %s in %s …\n' "$*" "$folder" >&2
    "$PYTHON" -m venv --clear "$folder"
    "$folder/bin/python" -m pip install --quiet --disable-pip-version-check uv >&2
    # pip alone tries versions of garak's dependencies for a long time
    "$folder/bin/uv" pip install --quiet --python "$folder/bin/python" "$@" >&2
    printf '%s\n' "$*" >"$folder/installed"
  fi
  printf '%s\n' "$folder/bin/python"
}

DRILLYARD_INSPECT_PYTHON=$(environment inspect 'inspect-ai==0.3.285' 'openai>=2,<4')
DRILLYARD_GARAK_PYTHON=$(environment garak 'garak==0.17.1')
export DRILLYARD_INSPECT_PYTHON DRILLYARD_GARAK_PYTHON
cd "$ROOT"
exec "$PYTHON" -m pytest -m "slow or not slow" -rA -p no:cacheprovider \
  tests/organisms/test_serving.py tests/organisms/test_serving_clients.py tests/audits/seeding/test_garak.py "$@"

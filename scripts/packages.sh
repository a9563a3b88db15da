#!/usr/bin/env bash
# Brings .venv to what requirements-dev.lock says, and this tree into it. uv is quick, pip knows
# package sources that only it is configured for.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

lock=requirements-dev.lock
sed -n '/^uv==/,/[^\\]$/p' "$lock" >.venv/uv.lock
.venv/bin/python -m pip install --quiet --require-hashes --no-deps -r .venv/uv.lock
if ! .venv/bin/uv pip install --quiet --compile-bytecode --python .venv/bin/python --require-hashes -r "$lock"; then
  echo "uv could not install the packages; pip tries" >&2
  .venv/bin/python -m pip install --quiet --require-hashes -r "$lock"
fi
.venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .

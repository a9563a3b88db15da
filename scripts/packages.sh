#!/usr/bin/env bash
# Installs the packages of requirements-dev.lock and this tree into .venv. uv is faster; pip also has the
# package sources that are configured for it only.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

lock=requirements-dev.lock
sed -n '/^uv==/,/[^\\]$/p' "$lock" >.venv/uv.lock
.venv/bin/python -m pip install --quiet --require-hashes --no-deps -r .venv/uv.lock
if ! .venv/bin/uv pip install --quiet --compile-bytecode --python .venv/bin/python --require-hashes -r "$lock"; then
  echo "uv could not install the packages; trying pip" >&2
  .venv/bin/python -m pip install --quiet --require-hashes -r "$lock"
fi
.venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .

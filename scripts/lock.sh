#!/usr/bin/env bash
# Locks the dependencies of pyproject.toml for all platforms, without private package sources.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
unset PIP_FIND_LINKS UV_FIND_LINKS
compile=(.venv/bin/uv pip compile --quiet pyproject.toml --universal --python-version 3.11
  --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --constraint scripts/constraints.txt)
"${compile[@]}" "$@" --output-file requirements.lock
"${compile[@]}" "$@" --extra examples --group dev --output-file requirements-dev.lock

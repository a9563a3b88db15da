#!/usr/bin/env bash
# Prints the name of a Python that is new enough.
set -euo pipefail
for name in "${PYTHON:-}" python3.11 python3.12 python3.13 python3.14 python3; do
  if [ -n "$name" ] && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "$name"
    exit 0
  fi
done
echo "Headway needs Python 3.11 or newer: install it, or set PYTHON to it" >&2
exit 1

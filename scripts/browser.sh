#!/usr/bin/env bash
# Prints the path of a Chromium; installs one if it is missing and we are root on a system with apt.
set -euo pipefail

find_browser() {
  local name
  for name in "${CHROME_PATH:-}" chromium chromium-browser google-chrome google-chrome-stable \
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
    if [ -n "$name" ] && command -v "$name"; then
      return 0
    fi
  done
  return 1
}

if find_browser; then
  exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >&2
  if find_browser; then
    exit 0
  fi
fi
echo "The page's tests need a browser: install Chromium or Chrome, or set CHROME_PATH to one" >&2
exit 1

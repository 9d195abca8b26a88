#!/usr/bin/env bash
# Checks what Waypost is installed with: the image, compose files, the chart, the systemd unit. Neither a container engine nor a
# cluster nor helm is needed: tests/install renders and validates.
#
#   scripts/install-check.sh [ARGUMENT OF PYTEST…]
#
# Python packages (a Go toolchain is one of them) are kept below target/install-check; sprig, the functions that charts use, and
# systemd-analyze come from Debian.
set -euo pipefail
cd "$(dirname "$0")/.."
home=$(mkdir -p "${CARGO_TARGET_DIR:-target}/install-check" && cd "${CARGO_TARGET_DIR:-target}/install-check" && pwd)
gopath=/usr/share/gocode

packages=()
python3 -c 'import venv, ensurepip' 2>/dev/null || packages+=(python3 python3-venv)
[ -d "$gopath/src/github.com/Masterminds/sprig" ] || packages+=(golang-github-masterminds-sprig-dev)
[ -d "$gopath/src/gopkg.in/yaml.v3" ] || packages+=(golang-gopkg-yaml.v3-dev)
command -v systemd-analyze >/dev/null || packages+=(systemd)
[ ${#packages[@]} -eq 0 ] || scripts/debian-packages.sh "the checks of the installation" "${packages[@]}"

stamp=$home/$(sha256sum tests/install/requirements.txt | cut -c1-16)
if [ ! -f "$stamp" ]; then
    rm -rf "$home/venv"
    python3 -m venv "$home/venv"
    "$home/venv/bin/pip" install --quiet --disable-pip-version-check --requirement tests/install/requirements.txt
    touch "$stamp"
fi

# Outside of modules: Debian lays sources out as a GOPATH, and nothing is fetched.
(cd tests/install/render && GO111MODULE=off GOPATH=$gopath GOCACHE=$home/go-cache GOTOOLCHAIN=local \
    "$home/venv/bin/go" build -o "$home/render" .)

WAYPOST_RENDER=$home/render PYTHONDONTWRITEBYTECODE=1 \
    "$home/venv/bin/python" -m pytest -q -rfEs -p no:cacheprovider tests/install "$@"

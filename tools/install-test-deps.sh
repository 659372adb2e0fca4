#!/bin/sh
# Installs the programs that the tests need beyond Node, on Debian and its relatives.
#
#   ./tools/install-test-deps.sh           what `npm test` needs
#   ./tools/install-test-deps.sh --bench   also the peers that `npm run bench` measures against
#
# Today `npm test` starts nothing but Node itself, `sh` and `sleep`, and on Linux `unshare`, so on nearly every machine
# there is nothing to do. Redis is a peer of the benchmark alone, which leaves it out where it is missing, so it is not
# installed unless asked for. A server or a browser is added here in the same change as the first test that starts it.
#
# What is on the PATH already is left alone, whatever installed it; where nothing is missing, nothing is run, so this
# needs neither root nor network then. Otherwise: `apt-get`, through sudo where the user is not root.
set -eu

packages=

# need COMMAND PACKAGE: asks for the package where the command is missing.
need() {
  if command -v "$1" >/dev/null 2>&1; then return; fi
  case " $packages " in
    *" $2 "*) ;;
    *) packages="${packages:+$packages }$2" ;;
  esac
}

bench=no
for argument in "$@"; do
  case "$argument" in
    --bench) bench=yes ;;
    -h | --help)
      sed -n '2,/^set -eu/{/^set -eu/d;s/^# \{0,1\}//;p;}' "$0"
      exit 0
      ;;
    *)
      echo "install-test-deps: unknown argument '$argument' (there is --bench and --help)" >&2
      exit 2
      ;;
  esac
done

if ! command -v node >/dev/null 2>&1; then
  echo "install-test-deps: Node 20 or later is needed and is not on the PATH: see https://nodejs.org" >&2
  exit 1
fi

need sleep coreutils
if [ "$(uname)" = Linux ]; then
  need unshare util-linux
fi
if [ "$bench" = yes ]; then
  need redis-server redis-server
fi

if [ -z "$packages" ]; then
  echo "install-test-deps: everything is here already"
  exit 0
fi

if ! command -v apt-get >/dev/null 2>&1; then
  echo "install-test-deps: no apt-get on this system; please install: $packages" >&2
  exit 1
fi

root=
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then
    echo "install-test-deps: run this as root, or install: $packages" >&2
    exit 1
  fi
  root=sudo
fi

echo "install-test-deps: installing $packages"
$root env DEBIAN_FRONTEND=noninteractive apt-get update -q </dev/null
# shellcheck disable=SC2086 # a list of words
$root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $packages </dev/null

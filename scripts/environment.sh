# shellcheck shell=bash
# Sourced by the scripts beside it: brings .venv to what the locked requirements say, and the machine to what tests need.
#
# Needs Python 3.11 or newer and a Python package registry, nothing else. Downloads are kept outside the repository, in
# ${GATEKEY_CACHE:-${XDG_CACHE_HOME:-~/.cache}/gatekey}. Nothing is fetched or installed twice.
set -euo pipefail

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${GATEKEY_CACHE:-${XDG_CACHE_HOME:-${HOME:-$repo/build}/.cache}/gatekey}
stamp=$repo/.venv/gatekey-installed

export UV_PYTHON_DOWNLOADS=never # the Python that is here is the one that serves
export UV_NO_CONFIG=1            # somebody's personal uv settings do not change what is locked
export UV_SYSTEM_CERTS=1         # as pip: companies have certificate authorities of their own
export PIP_DISABLE_PIP_VERSION_CHECK=1

fail() {
  echo "${0##*/}: $*" >&2
  exit 1
}

say() {
  echo "${0##*/}: $*" >&2
}

find_python() {
  local candidate
  for candidate in python3 python3.14 python3.13 python3.12 python3.11 python; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  fail "Gatekey needs Python 3.11 or newer, and no such python3 is on the PATH."
}

# uv in an environment of its own, made beside its final place and renamed: an interrupted start leaves nothing half made.
prepare_uv() {
  local folder making output python
  folder=$cache/uv-$(cksum <"$repo/requirements/uv.txt" | tr -d ' ')
  uv=$folder/bin/uv
  [[ -x $uv ]] && return
  python=$(find_python)
  "$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "this Python lacks its venv module: install it (Debian: apt-get install python3-venv)."
  mkdir -p "$cache" 2>/dev/null || fail "cannot write $cache: set GATEKEY_CACHE to a folder that can be written."
  making=$(mktemp -d "$cache/uv.XXXXXX")
  "$python" -m venv "$making" || fail "could not make a Python environment in $cache."
  if ! output=$("$making/bin/pip" install --quiet --require-hashes --only-binary :all: -r "$repo/requirements/uv.txt" 2>&1); then
    rm -rf "$making"
    fail "could not install uv. Is a Python package registry reachable? pip says: $(tail -n 1 <<<"$output")"
  fi
  [[ -x $uv ]] || rm -rf "$folder"
  mv "$making" "$folder" 2>/dev/null || fail "cannot write $folder."
}

# uv does not read pip's settings: where pip is told to ask another index, uv is told so too.
follow_pip() {
  local index
  index=$("$(dirname "$uv")/python" -m pip config get global.index-url 2>/dev/null || true)
  index=${PIP_INDEX_URL:-$index}
  if [[ -n $index && -z ${UV_DEFAULT_INDEX:-} ]]; then
    export UV_DEFAULT_INDEX=$index
  fi
}

# What .venv would hold after installing requirements/$1.txt: the name and a checksum of all that decides it.
wanted() {
  echo "$1 $(cat "$repo/requirements/$1.txt" "$repo/pyproject.toml" | cksum | tr -d ' ') $repo"
}

# Bring .venv to `serve` (what the product needs) or `locked` (that and all that develops and tests it).
prepare_environment() {
  local kind=$1 installed output how
  installed=$(cat "$stamp" 2>/dev/null || true)
  if "$repo/.venv/bin/python" -c '' 2>/dev/null; then
    [[ $installed == "$(wanted locked)" || $installed == "$(wanted "$kind")" ]] && return
  fi
  say "preparing $repo/.venv (once, and when requirements change) ..."
  prepare_uv
  follow_pip
  rm -f "$stamp"
  "$repo/.venv/bin/python" -c '' 2>/dev/null ||
    "$uv" venv --quiet --clear --python "$(find_python)" "$repo/.venv" ||
    fail "could not make $repo/.venv: can the folder be written?"
  export VIRTUAL_ENV=$repo/.venv
  # Serving adds what it needs and removes nothing: an environment that can test stays one.
  case $kind in
    serve) how=(install --requirements) ;;
    *) how=(sync) ;;
  esac
  output=$("$uv" pip "${how[@]}" "$repo/requirements/$kind.txt" --quiet --require-hashes 2>&1) ||
    fail "could not install the locked packages. Is a Python package registry reachable? uv says: ${output//$'\n'/ }"
  output=$("$uv" pip install --quiet --no-deps --no-build-isolation --offline -e "$repo" 2>&1) ||
    fail "could not install Gatekey itself. uv says: ${output//$'\n'/ }"
  wanted "$kind" >"$stamp"
}

# Install the Debian packages among "command=package …" whose command (or file, by its whole path) is missing.
prepare_machine() {
  local entry missing=""
  for entry in "$@"; do
    [[ -f ${entry%%=*} ]] || command -v "${entry%%=*}" >/dev/null || missing+=" ${entry#*=}"
  done
  # shellcheck disable=SC2086 # a list of package names
  [[ -z $missing ]] || install_packages $missing
}

# Install Debian packages; where that cannot be done, say so and go on.
install_packages() {
  if ! command -v apt-get >/dev/null || ((EUID != 0)); then
    say "missing on this machine, and not mine to install: $*. Tests that need it are listed as NOT RUN."
    return 0
  fi
  say "installing $* ..."
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } >/dev/null ||
    say "could not install $*. Tests that need it are listed as NOT RUN."
}

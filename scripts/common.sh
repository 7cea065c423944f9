# Shared by the scripts: the folder of the project and its virtual environment.
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
VENV="$ROOT/.venv"

fail() {
  echo "error: $*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Install Debian packages that are missing; the others cost nothing.
need_debian() {
  local missing=() package
  command -v dpkg-query >/dev/null || { echo "Not a Debian system: please see to it that these are installed: $*" >&2; return; }
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  echo "Installing Debian packages: ${missing[*]}" >&2
  [ "$(id -u)" = 0 ] || command -v sudo >/dev/null || fail "run this as root: apt-get install ${missing[*]}"
  as_root apt-get update -q >/dev/null
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q "${missing[@]}" >/dev/null
}

make_venv() {
  "$VENV/bin/python" -m pip --version >/dev/null 2>&1 && return
  command -v python3 >/dev/null || need_debian python3
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || fail "Python 3.11 or newer is needed."
  python3 -c 'import ensurepip' 2>/dev/null || need_debian python3-venv
  rm -rf "$VENV"
  python3 -m venv "$VENV"
}

# Install a requirements file into the virtual environment, unless this very file was installed before.
install_python() {
  local wanted="$1" stamp
  make_venv
  stamp="$VENV/installed-$(basename "$wanted" .txt)-$(cat "$ROOT"/requirements*.txt "$ROOT"/export/requirements.txt | sha256sum | cut -c1-16)"
  [ -e "$stamp" ] && return
  echo "Installing Python packages from $(basename "$wanted") (once)" >&2
  "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check -r "$wanted"
  touch "$stamp"
}

# Install the page's packages as its lock file says, unless they are there.
install_web() {
  local stamp="$ROOT/web/node_modules/installed-$(sha256sum "$ROOT/web/package-lock.json" | cut -c1-16)"
  [ -e "$stamp" ] && return
  echo "Installing npm packages (once)" >&2
  npm --prefix "$ROOT/web" ci --silent --no-audit --no-fund
  touch "$stamp"
}

# Install everything that the checks and the tests need.
install_for_tests() {
  # alsa-utils brings real speech at 48 kHz.
  need_debian chromium build-essential python3-dev alsa-utils
  install_python "$ROOT/requirements-dev.txt"
  install_web
}

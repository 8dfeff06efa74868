#!/usr/bin/env bash
# Install the Debian packages that hwdesign builds with and the optional engines that it can use.
# As root or with passwordless sudo they are installed; otherwise the line to type is printed. Never fails: the
# embedded defaults need no engine, and a missing compiler is reported by the step that needs it.
set -uo pipefail

# Headers and compiler are needed to build the kernels; the others are engines (see `hwdesign doctor`).
build=(python3-venv python3-dev g++)
engines=(ngspice libngspice0 iverilog opensta berkeley-abc)

if ! command -v dpkg-query >/dev/null; then
  echo "note: this is no Debian system; by hand, install a C++17 compiler and, optionally: ${engines[*]}" >&2
  exit 0
fi

have() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing=()
for package in "${build[@]}" "${engines[@]}"; do
  case $package in
    g++) command -v c++ >/dev/null && continue ;;
    python3-venv) "${PYTHON:-python3}" -c 'import ensurepip, venv' 2>/dev/null && continue ;;
    python3-dev)
      "${PYTHON:-python3}" -c 'import pathlib, sysconfig as s, sys
sys.exit(not (pathlib.Path(s.get_paths()["include"]) / "Python.h").exists())' 2>/dev/null && continue ;;
  esac
  have "$package" || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ]; then
  as_root=()
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  as_root=(sudo -n)
else
  echo "note: these system packages are missing and need an administrator; the rest works without the engines:" >&2
  echo "    sudo apt-get install -y ${missing[*]}" >&2
  exit 0
fi

echo "installing system packages: ${missing[*]}" >&2
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2 || true
# One by one: a release that lacks one of them still gets the others.
for package in "${missing[@]}"; do
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >&2 ||
    echo "note: $package could not be installed; see \`hwdesign doctor\`" >&2
done
exit 0

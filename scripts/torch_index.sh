#!/usr/bin/env bash
# Usage: torch_index.sh PYTHON [PIP_OPTION...]
# Say before the first install that pip may fetch torch's CUDA build, unless pip was told of a further index, of a
# folder of wheels, or of an index of CPU builds: by its files, by the environment or by the options. Never fails.
set -uo pipefail

python=$1
shift
[ "$(uname -s)" = Linux ] || exit 0 # elsewhere the common index holds the CPU build
"$python" -c 'import importlib.util as util; raise SystemExit(util.find_spec("torch") is None)' 2>/dev/null && exit 0

# `pip config list` shows the environment's settings too.
settings="$("$python" -m pip --disable-pip-version-check config list 2>/dev/null) $*"
if grep -qE -e 'extra-index-url|find-links|(^| )-f|(index-url|(^| )-i)[^ ]*[= ][^ ]*cpu' <<<"$settings"; then
  exit 0
fi
cat >&2 <<'END'
note: torch is not installed yet, and pip may fetch its CUDA build, several gigabytes; for the CPU build, stop here and
    name the index of PyTorch's CPU builds, as PyTorch's installation page says: PIP_EXTRA_INDEX_URL=... make
END
exit 0

#!/usr/bin/env bash
# Writes autograder.zip, which Gradescope takes as it is: setup.sh and run_autograder at its top, the checker beside them.
#
#   examples/gradescope/make_zip.sh [autograder.zip]
set -euo pipefail
output="$(realpath "${1:-autograder.zip}")"
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
rm -f "$output"
python3 - "$here" "$output" <<'PYTHON'
import sys, zipfile
from pathlib import Path

here, output = map(Path, sys.argv[1:])
root = here.parent.parent
files = [(here / name, name) for name in ("setup.sh", "run_autograder")]
files += [(root / "requirements-checker.txt", "requirements-checker.txt")]
for package in ("checker", "common"):
    for path in sorted((root / package).rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            files.append((path, str(path.relative_to(root))))
with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
    for path, name in files:
        archive.write(path, name)
PYTHON

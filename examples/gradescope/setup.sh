#!/usr/bin/env bash
# Gradescope runs this once, when it builds the autograder's image. TORCH_INDEX may name where PyTorch's CPU wheels come
# from (pytorch.org: Linux, pip, CPU): without it the image is several GB larger.
set -euo pipefail
AUTOGRADER="${AUTOGRADER:-/autograder}"
PYTHON="${PYTHON:-python3}"
TORCH_INDEX="${TORCH_INDEX:-}"

apt-get update
apt-get install --yes --no-install-recommends bubblewrap python3 python3-venv
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: choose a newer base image.")'
"$PYTHON" -m venv "$AUTOGRADER/environment"
"$AUTOGRADER/environment/bin/pip" install --no-cache-dir ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} \
    --requirement "$AUTOGRADER/source/requirements-checker.txt"
# The test images, while there is a network: a submission is checked without one.
cd "$AUTOGRADER/source"
DATA_DIR="$AUTOGRADER/data" "$AUTOGRADER/environment/bin/python" -c '
from common.data import CIFAR10, MNIST, load_images
for dataset in (MNIST, CIFAR10):
    load_images(dataset, "test")'

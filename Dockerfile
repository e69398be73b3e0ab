# The checker alone, with bubblewrap. Where PyTorch's CPU wheels come from is named when it is built: TORCH_INDEX is the
# address that pytorch.org gives for Linux, pip and CPU. Without it the image has the CUDA build, and is several GB larger.
#
#   docker build --build-arg TORCH_INDEX=ADDRESS --tag checker .
#   docker run --rm --security-opt seccomp=unconfined --security-opt apparmor=unconfined \
#     --volume "$PWD/data:/data" --volume "$PWD/class:/class:ro" --volume "$PWD/results:/results" \
#     checker session05 --isolation bubblewrap --batch /class --output /results/results.csv
FROM python:3.11-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /checker
COPY requirements-checker.txt .
ARG TORCH_INDEX=""
RUN pip install --no-cache-dir --disable-pip-version-check \
    ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} --requirement requirements-checker.txt

COPY checker checker
COPY common common
# The committed runs, so that copies of them are told.
COPY session03 session03
COPY session04 session04
COPY session05 session05
COPY session06 session06
COPY session07 session07

ENV DATA_DIR=/data PYTHONPATH=/checker PYTHONDONTWRITEBYTECODE=1
ENTRYPOINT ["python", "-m", "checker"]
CMD ["--help"]

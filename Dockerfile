# mzaudit as an image: not root, no entry point, bash. A pipeline may run its steps in it; where the agent of a container
# job makes a user of its own there (Azure Pipelines) or writes as root (GitHub), give the job `options: --user 0`.
#   make release && docker build --tag mzaudit .
#   docker run --rm --volume "$PWD:/work" mzaudit mzaudit policy validate
# 3.13.15-slim-trixie
FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b
# What `make release` wrote: the wheel, and every version as locked, each file by its hash.
COPY dist/mzaudit /release
RUN pip install --no-cache-dir --disable-pip-version-check --no-compile --only-binary :all: --require-hashes --find-links /release --requirement /release/requirements.txt
RUN useradd --create-home --uid 10001 mzaudit
USER mzaudit
WORKDIR /work
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
CMD ["mzaudit", "--help"]

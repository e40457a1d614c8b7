# mzaudit as an image: not root, no entry point, bash. A pipeline may run its steps in it.
#   docker build --tag mzaudit .
#   docker run --rm --volume "$PWD:/work" mzaudit mzaudit policy validate
# 3.13.15-slim-trixie
FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b AS wheels
WORKDIR /source
COPY runtime.txt .
# Every version as locked, and every file as the lock's hashes say.
RUN pip wheel --no-cache-dir --disable-pip-version-check --require-hashes --requirement runtime.txt --wheel-dir /wheels
COPY pyproject.toml README.md LICENSE ./
COPY mzaudit mzaudit
COPY policies policies
RUN pip install --no-cache-dir --disable-pip-version-check --no-index --find-links /wheels hatchling
RUN pip wheel --disable-pip-version-check --no-deps --no-build-isolation --no-index --wheel-dir /wheels .

FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b
# Of all those wheels only what mzaudit needs to run.
RUN --mount=type=bind,from=wheels,source=/wheels,target=/wheels pip install --no-cache-dir --disable-pip-version-check --no-compile --no-index --find-links /wheels mzaudit
RUN useradd --create-home --uid 10001 mzaudit
USER mzaudit
WORKDIR /work
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
CMD ["mzaudit", "--help"]

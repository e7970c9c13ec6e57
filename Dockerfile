# syntax=docker/dockerfile:1
# Two stages: one with build tools, one that only runs. Nothing of the embedded services or of the
# tests goes in, and nothing in it is writable by the user who runs it but the data directory.
FROM python:3.12-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/kelisim
WORKDIR /app
COPY requirements-image.txt ./
RUN /opt/kelisim/bin/pip install --require-hashes -r requirements-image.txt
COPY pyproject.toml README.md LICENSE ./
COPY mailing/ mailing/
COPY webapp/ webapp/
COPY worker/ worker/
COPY console/ console/
RUN /opt/kelisim/bin/pip install --no-deps --no-build-isolation -e . \
    && /opt/kelisim/bin/pip uninstall --yes setuptools wheel pip \
    && python -m compileall -q mailing webapp worker console
COPY templates/ templates/
COPY translations/ translations/

FROM python:3.12-slim
RUN groupadd --system --gid 10001 kelisim \
    && useradd --system --uid 10001 --gid kelisim --no-create-home --home-dir /nonexistent kelisim \
    && install -d -o kelisim -g kelisim -m 0750 /var/lib/kelisim
COPY --from=build /opt/kelisim /opt/kelisim
COPY --from=build /app /app
ENV PATH=/opt/kelisim/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    KELISIM_VAR=/var/lib/kelisim
WORKDIR /app
USER kelisim
VOLUME /var/lib/kelisim
EXPOSE 8080
CMD ["kelisim", "web", "--host", "0.0.0.0", "--port", "8080"]

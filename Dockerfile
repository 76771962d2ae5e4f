# docker build --tag lapidary .                         predicts, explains, logs, shows
# docker build --tag lapidary:learn --target learn .    trains on request as well

FROM debian:bookworm-slim AS base
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 \
    && rm -rf /var/lib/apt/lists/*

# What only the building needs stays here: pip, and all that it brings.
FROM base AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3-pip \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY pyproject.toml constraints.txt README.md ./
# An index of your own: docker build --secret id=pip,src=$HOME/.config/pip/pip.conf .
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    python3 -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python install --no-cache-dir -c constraints.txt '.[cpu,postgres]'
# What is in the image, as CycloneDX; what lists it is not.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    python3 -m venv --without-pip /opt/sbom \
    && pip --python /opt/sbom/bin/python install --no-cache-dir -c constraints.txt cyclonedx-bom
RUN /opt/sbom/bin/cyclonedx-py environment /opt/venv/bin/python \
    --output-reproducible --of JSON --output-file /opt/venv/sbom.cdx.json

FROM build AS build-learn
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    pip --python /opt/venv/bin/python install --no-cache-dir -c constraints.txt \
    '.[cpu,postgres,train]'
RUN /opt/sbom/bin/cyclonedx-py environment /opt/venv/bin/python \
    --output-reproducible --of JSON --output-file /opt/venv/sbom.cdx.json

# Whatever the rights in the checkout are, the service can read it and change nothing. Compiled
# here, for nothing can be kept beside it later; the files do not change, so nobody compares times.
FROM base AS code
WORKDIR /srv/lapidary
COPY app app
COPY src src
COPY conf conf
COPY container/ready.py params.yaml gunicorn.conf.py ./
RUN python3 -m compileall -q --invalidation-mode unchecked-hash . \
    && mkdir -p artifacts/bundles artifacts/data artifacts/profile data metrics \
    && chmod -R a+rX,go-w .

FROM base AS runtime
RUN groupadd --gid 10001 lapidary \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent \
       --shell /usr/sbin/nologin lapidary \
    && install --directory --owner=10001 --group=10001 --mode=0700 /var/lib/lapidary
COPY --from=code /srv/lapidary /srv/lapidary
WORKDIR /srv/lapidary
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LAPIDARY_BIND=0.0.0.0:8000 \
    LAPIDARY_VAR=/var/lib/lapidary
VOLUME ["/var/lib/lapidary"]
EXPOSE 8000
# Numbers, so that who starts it can see that it is not root.
USER 10001:10001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python3", "-I", "ready.py"]
# Without a shell between: the signal reaches gunicorn, which finishes what it has begun.
CMD ["gunicorn", "app:api"]
ARG REVISION=unknown
LABEL org.opencontainers.image.title="lapidary" \
      org.opencontainers.image.description="Raw data to answers that can be trusted" \
      org.opencontainers.image.base.name="debian:bookworm-slim" \
      org.opencontainers.image.revision="$REVISION"

# Linked: the packages, most of an image, are the same layer whatever changes in the code.
FROM runtime AS learn
COPY --link --from=build-learn /opt/venv /opt/venv

FROM runtime AS serve
COPY --link --from=build /opt/venv /opt/venv

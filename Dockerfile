# The mock as a container image; docs/container.md says how to use it. What is done here is done by
# `make check-container` too, step by step in a plain directory.

# The Python that the tests run on.
ARG PYTHON=3.11

FROM python:${PYTHON}-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
COPY constraints.txt ./
RUN python -m venv /tools \
 && /tools/bin/pip install --constraint constraints.txt build hatchling
COPY pyproject.toml README.md LICENSE ./
COPY mockserver ./mockserver
COPY contract_tests ./contract_tests
COPY openapi ./openapi
COPY fixtures ./fixtures
# An environment without pip: nothing can be installed into the running container.
RUN /tools/bin/python -m build --wheel --no-isolation --outdir /dist \
 && python -m venv --without-pip /opt/mockserver \
 && /tools/bin/pip --python /opt/mockserver install --constraint constraints.txt /dist/*.whl

FROM python:${PYTHON}-slim
COPY --from=build /opt/mockserver /opt/mockserver
ENV PATH=/opt/mockserver/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# A number, so that it can be seen from outside that this is not root.
USER 65532:65532
WORKDIR /tmp
EXPOSE 8080
# Asks where and with which token the environment says; without urllib, which would ask a proxy.
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import http.client, os, sys; env = os.environ.get; c = http.client.HTTPConnection('127.0.0.1', int(env('MOCKSERVER_PORT', '8080')), timeout=2); c.request('GET', '/__mock__/health', headers={'Authorization': 'Bearer ' + env('MOCKSERVER_CONTROL_TOKEN', '')}); sys.exit(c.getresponse().status != 200)"]
ENTRYPOINT ["mockserver"]
CMD ["serve", "--host", "0.0.0.0"]

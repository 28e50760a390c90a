# The pipeline with Spark and Java, for the driver and its executors; 600 MB larger than the other image.
ARG BASE=python:3.13-slim-trixie

FROM ${BASE} AS build
RUN python3 -m venv /opt/etl
COPY etl/requirements-spark.txt /src/etl/
RUN /opt/etl/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r /src/etl/requirements-spark.txt
COPY pyproject.toml README.md LICENSE /src/
COPY sql /src/sql
COPY etl /src/etl
RUN /opt/etl/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation /src \
    && /opt/etl/bin/pip uninstall --yes --disable-pip-version-check pip \
    && find /opt/etl -name tests \( -path '*/pyarrow/*' -o -path '*/pandas/*' -o -path '*/numpy/*' \) -prune -exec rm -rf {} + \
    && rm -rf /opt/etl/lib/python3*/site-packages/pyarrow/include /opt/etl/lib/python3*/site-packages/pyspark/examples \
    && ln -s /opt/etl/lib/python3*/site-packages/pyspark /opt/spark

FROM ${BASE}
# Hadoop requires the user to have a name.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends default-jre-headless \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 65532 --user-group --no-create-home --shell /usr/sbin/nologin etl
COPY --from=build /opt/etl /opt/etl
COPY --from=build /opt/spark /opt/spark
COPY --chmod=755 etl/spark-entrypoint /opt/etl/bin/spark-entrypoint
USER 65532:65532
ENV PATH=/opt/etl/bin:$PATH SPARK_HOME=/opt/spark PYSPARK_PYTHON=/opt/etl/bin/python \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 ETL_LOG__FORMAT=json
WORKDIR /tmp
ENTRYPOINT ["spark-entrypoint"]
CMD ["--help"]

# The pipeline with Spark and Java, for the driver and its executors; 600 MB larger than the other image.
ARG BASE=python:3.13-slim-trixie

FROM ${BASE} AS dependencies
RUN python3 -m venv /opt/etl
COPY etl/requirements-spark.txt /src/etl/
RUN /opt/etl/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r /src/etl/requirements-spark.txt

FROM dependencies AS project
COPY pyproject.toml README.md LICENSE /src/
COPY sql /src/sql
COPY etl /src/etl
RUN /opt/etl/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation --prefix /opt/project /src

FROM dependencies AS slim
RUN /opt/etl/bin/pip uninstall --yes --disable-pip-version-check pip \
    && find /opt/etl -name tests \( -path '*/pyarrow/*' -o -path '*/pandas/*' -o -path '*/numpy/*' \) -prune -exec rm -rf {} + \
    && rm -rf /opt/etl/lib/python3*/site-packages/pyarrow/include /opt/etl/lib/python3*/site-packages/pyspark/examples \
    && ln -s /opt/etl/lib/python3*/site-packages/pyspark /opt/spark

FROM ${BASE}
# Hadoop requires the user to have a name.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends default-jre-headless \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 65532 --user-group --no-create-home --shell /usr/sbin/nologin etl
# Several layers: a node that has the dependencies of an earlier build needs only the small ones.
COPY --from=slim /opt/etl /opt/etl
COPY --from=slim /opt/spark /opt/spark
COPY --from=project /opt/project /opt/etl
COPY --chmod=755 etl/spark-entrypoint /opt/etl/bin/spark-entrypoint
USER 65532:65532
ENV PATH=/opt/etl/bin:$PATH SPARK_HOME=/opt/spark PYSPARK_PYTHON=/opt/etl/bin/python \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 ETL_LOG__FORMAT=json
WORKDIR /tmp
ENTRYPOINT ["spark-entrypoint"]
CMD ["--help"]

# The pipeline for EMR Serverless: EMR's own Spark and Java, and beside them our code with its dependencies.
ARG BASE=public.ecr.aws/emr-serverless/spark/emr-spark-8.0.0:latest

FROM ${BASE}
USER root
RUN python3.13 -m venv /opt/etl
COPY etl/requirements-spark.txt etl/requirements-aws.txt /src/etl/
# What Spark's tasks need, and what asks Glue. Of Spark itself, this image has EMR's.
RUN /opt/etl/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r /src/etl/requirements-spark.txt \
    && /opt/etl/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes -r /src/etl/requirements-aws.txt \
    && /opt/etl/bin/pip uninstall --yes --disable-pip-version-check pyspark py4j
COPY pyproject.toml README.md LICENSE /src/
COPY sql /src/sql
COPY etl /src/etl
RUN /opt/etl/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation /src \
    && cp /src/etl/emr_entrypoint.py /opt/etl/bin/
USER hadoop:hadoop
ENV PYSPARK_PYTHON=/opt/etl/bin/python PYSPARK_DRIVER_PYTHON=/opt/etl/bin/python ETL_LOG__FORMAT=json

"""What `kubectl diff` printed about a real cluster, and what is made of it."""

import pytest

from k8s.installer.install import drift

SCALED = """\
diff -u -N /tmp/LIVE-1/apps.v1.Deployment.airflow.airflow-api-server \
/tmp/MERGED-2/apps.v1.Deployment.airflow.airflow-api-server
--- /tmp/LIVE-1/apps.v1.Deployment.airflow.airflow-api-server	2026-11-29 04:22:15.358333157 +0000
+++ /tmp/MERGED-2/apps.v1.Deployment.airflow.airflow-api-server	2026-11-29 04:22:15.358333157 +0000
@@ -6,7 +6,7 @@
   annotations:
     meta.helm.sh/release-name: airflow
-  generation: 2
+  generation: 3
   name: airflow-api-server
@@ -20,7 +20,7 @@
 spec:
-  replicas: 0
+  replicas: 1
   revisionHistoryLimit: 10
"""
GONE = """\
diff -u -N /tmp/LIVE-1/v1.ConfigMap.data-platform.postgres /tmp/MERGED-2/v1.ConfigMap.data-platform.postgres
--- /tmp/LIVE-1/v1.ConfigMap.data-platform.postgres	2026-11-29 04:22:15 +0000
+++ /tmp/MERGED-2/v1.ConfigMap.data-platform.postgres	2026-11-29 04:22:15 +0000
@@ -0,0 +1,2 @@
+apiVersion: v1
+kind: ConfigMap
"""
OF_THE_CLUSTER = SCALED.replace(
    "apps.v1.Deployment.airflow.airflow-api-server", "rbac.authorization.k8s.io.v1.ClusterRole..my.reader"
)


@pytest.mark.parametrize(
    ("diff", "found"),
    [
        ("", []),
        (SCALED, ["Deployment airflow-api-server has replicas: 0 instead of replicas: 1"]),
        (GONE, ["ConfigMap postgres is missing"]),
        (OF_THE_CLUSTER, ["ClusterRole my.reader has replicas: 0 instead of replicas: 1"]),
        (SCALED.replace("-  replicas: 0\n", ""), ["Deployment airflow-api-server lacks replicas: 1"]),
    ],
)
def test_each_object_that_differs_is_named_with_its_first_difference(diff: str, found: list[str]) -> None:
    assert [line[: len(of)] for line, of in zip(drift.differences(diff), found, strict=True)] == found


def test_several_objects_are_told_apart() -> None:
    assert len(drift.differences(SCALED + GONE + OF_THE_CLUSTER)) == 3

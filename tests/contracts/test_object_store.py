"""Where there is an object store, ETL pods find it: chart, installer and DAGs mean the same by every name."""

from urllib.parse import parse_qs, urlsplit

from cryptography import x509

from k8s.installer.install import lake, secrets
from k8s.installer.versions import versions
from tests.charts.rendering import defaults, of_kind, rendered
from tests.conftest import ROOT

LAKE = urlsplit(lake.OBJECT_STORE)
OPTIONS = {name: value for name, [value] in parse_qs(LAKE.query).items()}


def test_the_lake_s_address_is_the_chart_s_service_and_bucket() -> None:
    [service] = of_kind(rendered("object-store"), "Service")
    [port] = [port["port"] for port in service["spec"]["ports"]]
    assert OPTIONS["endpoint_override"] == f"{service['metadata']['name']}.object-store.svc:{port}"
    assert (LAKE.scheme, LAKE.netloc) == ("s3", defaults("object-store")["bucket"])


def test_the_certificate_has_the_name_that_pods_call() -> None:
    certificate = secrets.complete({}, with_object_store=True).values[secrets.STORE_TLS]["tls.crt"]
    parsed = x509.load_pem_x509_certificate(certificate.encode())
    names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    host = OPTIONS["endpoint_override"].partition(":")[0]
    assert host in names.get_values_for_type(x509.DNSName)


def test_the_authority_s_file_is_where_pods_mount_it() -> None:
    folder, _, file = OPTIONS["tls_ca_file_path"].rpartition("/")
    assert f'mount_path="{folder}"' in (ROOT / "dags" / "pods.py").read_text()
    assert file == "ca.crt"


def test_arrows_lead_to_the_chart_s_port() -> None:
    ports = {
        rule["port"]
        for policy in of_kind(rendered("manifests"), "NetworkPolicy")
        if "object-store" in policy["metadata"]["name"]
        for direction in ("ingress", "egress")
        for way in policy["spec"].get(direction, [])
        for rule in way["ports"]
    }
    assert ports == {defaults("object-store")["port"]}


def test_the_chart_by_itself_takes_the_server_of_the_list() -> None:
    assert defaults("object-store")["image"] == versions().images["versitygw"]

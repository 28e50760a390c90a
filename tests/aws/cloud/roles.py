"""Keys of a role, for a service that acts as that role."""

from __future__ import annotations

import json

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from tests.aws.cloud.access import ACCOUNT
from tests.aws.cloud.place import REGION


def keys(role_arn: str, service: str) -> dict[str, str]:
    """Named as boto3's arguments and, in capitals, as its environment variables.

    Raises: PermissionError if the role does not trust the service.
    """
    document = iam_backends[ACCOUNT]["aws"].get_role_by_arn(role_arn).assume_role_policy_document
    trust = json.loads(document) if isinstance(document, str) else document
    trusted = [name for statement in trust["Statement"] for name in _listed(statement["Principal"].get("Service", []))]
    if service not in trusted:
        raise PermissionError(f"{role_arn} does not trust {service}")
    role = sts_backends[ACCOUNT]["aws"].assume_role(
        region_name=REGION, role_session_name="cloud", role_arn=role_arn, policy=None, duration=3600, external_id=None
    )
    return {
        "aws_access_key_id": role.access_key_id,
        "aws_secret_access_key": role.secret_access_key,
        "aws_session_token": role.session_token,
    }


def _listed(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]

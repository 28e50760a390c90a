"""Who may do what: as moto decides, but conditions count, and resources do in every service, not only in S3.

A resource is what ARNs a request names. Conditions know the few keys that `_context` gives; an unknown one is not met.
Boundaries, service control policies and the policies of keys are not looked at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote_plus
from xml.sax.saxutils import unescape

from flask import has_request_context, request
from moto import settings
from moto.iam import access_control
from moto.iam.access_control import IAMPolicy, IAMPolicyStatement, PermissionResult

from tests.aws.cloud.place import REGION

ARN = re.compile(r"arn:aws:[A-Za-z0-9:/_.*+=@-]+")
ACCOUNT = "123456789012"


def enforce_conditions() -> None:
    original = IAMPolicyStatement.is_action_permitted

    def is_action_permitted(
        self: IAMPolicyStatement,
        action: str,
        resource: str = "*",
        principal: str | None = None,
        incoming_condition_values: dict[str, str] | None = None,
    ) -> PermissionResult:
        statement = self._statement
        if not statement.keys() & {"Resource", "NotResource"}:  # a trust policy
            return original(self, action, resource, principal, incoming_condition_values)
        if not _concerns(statement, action) or not met(statement.get("Condition", {}), _context()):
            return PermissionResult.NEUTRAL
        if principal and not self._check_principal(principal):
            return PermissionResult.NEUTRAL
        if not _reaches(statement, resource):
            return PermissionResult.NEUTRAL
        return PermissionResult.PERMITTED if statement["Effect"] == "Allow" else PermissionResult.DENIED

    IAMPolicyStatement.is_action_permitted = is_action_permitted


def caller_may(action: str, resource: str) -> bool:
    """Whether who sends the current request may also do this, which moto itself does not ask."""
    if settings.INITIAL_NO_AUTH_ACTION_COUNT > 0:
        return True
    key = re.search(r"Credential=([^/]+)/", request.headers["Authorization"])
    assert key, "requests are signed"
    headers = {"X-Amz-Security-Token": request.headers.get("X-Amz-Security-Token", "")}
    policies = access_control.create_access_key(ACCOUNT, "aws", key[1], headers).collect_policies()
    found = [IAMPolicy(policy).is_action_permitted(action, resource) for policy in policies]
    return PermissionResult.PERMITTED in found and PermissionResult.DENIED not in found


def met(conditions: Mapping[str, Mapping[str, Any]], context: Mapping[str, str]) -> bool:
    """Whether all conditions of a statement are met."""
    return all(
        _holds(operator, context.get(key.lower()), [str(value) for value in _listed(values)])
        for operator, wanted in conditions.items()
        for key, values in wanted.items()
    )


def _holds(operator: str, have: str | None, values: list[str]) -> bool:
    name = operator.removesuffix("IfExists")
    if have is None:
        return name != operator or "Not" in name
    if name in ("StringEquals", "ArnEquals"):
        return have in values
    if name == "Bool":
        return have.lower() == values[0].lower()
    if name in ("StringLike", "ArnLike"):
        return _matches(values, have)
    if name == "StringNotEquals":
        return have not in values
    raise NotImplementedError(f"teach {__file__} the operator {operator}")


def _context() -> dict[str, str]:
    if not has_request_context():
        return {}
    known = {"aws:securetransport": str(request.is_secure), "aws:sourceaccount": ACCOUNT}
    known["s3:prefix"] = request.args.get("prefix", "")
    if cluster := _body().get("cluster"):
        known["ecs:cluster"] = cluster
    if "TaskDefinition" in request.headers.get("X-Amz-Target", "") or "RunTask" in request.headers.get(
        "X-Amz-Target", ""
    ):
        known["iam:passedtoservice"] = "ecs-tasks.amazonaws.com"
    return known


def _body() -> Mapping[str, Any]:
    text = request.get_data(as_text=True)
    try:
        found = json.loads(text) if text.startswith("{") else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _named() -> list[str]:
    if not has_request_context():
        return []
    text = request.get_data(as_text=True)
    return sorted(set(ARN.findall(text if text.startswith("{") else unquote_plus(text))))


def _reaches(statement: Mapping[str, Any], resource: str) -> bool:
    if about := _in_glue():
        return all(_covers(statement, arn) for arn in about)
    if resource == "*":
        return any(_covers(statement, arn) for arn in _named() or [_any_of(statement)])
    if deleted := _deleted_together():
        bucket = ":".join(resource.split(":")[:6]).split("/")[0]
        return all(_covers(statement, f"{bucket}/{key}") for key in deleted)
    return _covers(statement, resource)


def _covers(statement: Mapping[str, Any], arn: str) -> bool:
    if "NotResource" in statement:
        return not _matches(statement["NotResource"], arn)
    return _matches(statement["Resource"], arn)


def _deleted_together() -> list[str]:
    """Keys of objects that one request to S3 deletes; moto asks about their bucket, and AWS about each of them."""
    if not has_request_context() or request.method != "POST" or "delete" not in request.args:
        return []
    return [unescape(key) for key in re.findall(r"<Key>(.*?)</Key>", request.get_data(as_text=True))]


def _in_glue() -> list[str]:
    """What a request to Glue is about, which names no ARN: AWS asks about catalogue, database and table."""
    if not has_request_context() or not request.headers.get("X-Amz-Target", "").startswith("AWSGlue."):
        return []
    body = _body()
    database = body.get("DatabaseName") or body.get("DatabaseInput", {}).get("Name")
    table = body.get("TableInput", {}).get("Name") or (body.get("Name") if "DatabaseName" in body else None)
    about = [
        "catalog",
        *([f"database/{database}"] if database else []),
        *([f"table/{database}/{table}"] if table else []),
    ]
    return [f"arn:aws:glue:{REGION}:{ACCOUNT}:{each}" for each in about]


def _any_of(statement: Mapping[str, Any]) -> str:
    """A resource of the statement's own: of a request that names none, only the action counts."""
    return str(_listed(statement["Resource"])[0]) if "Resource" in statement else "*"


def _concerns(statement: Mapping[str, Any], action: str) -> bool:
    if "NotAction" in statement:
        return not _matches(statement["NotAction"], action)
    return _matches(statement["Action"], action)


def _matches(patterns: str | Iterable[str], text: str) -> bool:
    return any(re.fullmatch(re.escape(p).replace(r"\*", ".*").replace(r"\?", "."), text) for p in _listed(patterns))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]

"""Answers that Terraform's provider asks for and moto does not give, or gives otherwise than AWS."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from moto.athena.responses import AthenaResponse
from moto.budgets.models import budgets_backends
from moto.budgets.responses import BudgetsResponse
from moto.cloudtrail.models import CloudTrailBackend
from moto.core.responses import BaseResponse
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.rds.models import DBInstance, DBParameterGroup
from moto.s3.models import FakeDeleteMarker
from moto.stepfunctions.parser.models import StepFunctionsParserBackend
from moto.stepfunctions.responses import StepFunctionResponse


def complete() -> None:
    _refuse_what_is_missing()
    _validate_state_machines()
    _remember_rds_parameters()
    _forget_named_queries()
    _remember_who_hears_of_budgets()
    _remember_how_services_are_run()
    # A trail is deleted by its ARN, too, where moto knows only its name.
    CloudTrailBackend.delete_trail = lambda self, name: self.trails.pop(name.rpartition("/")[2], None)
    # A bucket in which something was deleted can be emptied: moto stumbles over the mark that stands for it.
    FakeDeleteMarker.dispose = lambda *_, **__: None


def _refuse_what_is_missing() -> None:
    """An error that clients do not repeat: moto's own 500 is tried again for minutes."""
    call = BaseResponse.call_action

    def call_action(self: BaseResponse) -> Any:
        try:
            return call(self)
        except NotImplementedError as error:
            print(f"moto lacks {type(self).__name__}: {error}", file=sys.stderr, flush=True)
            body = json.dumps({"__type": "NotImplementedByMoto", "message": str(error)})
            headers = {"x-amzn-errortype": "NotImplementedByMoto", "content-type": "application/x-amz-json-1.1"}
            return 400, headers, body

    BaseResponse.call_action = call_action


def _validate_state_machines() -> None:
    """The provider has each definition validated while it plans."""

    def validate(self: StepFunctionResponse) -> str:
        try:
            StepFunctionsParserBackend._validate_definition(self._get_param("definition"))
        except Exception as error:  # whatever the parser stumbles over
            wrong = {"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "message": str(error)[:500]}
            return json.dumps({"result": "FAIL", "truncated": False, "diagnostics": [wrong | {"location": "/"}]})
        return json.dumps({"result": "OK", "truncated": False, "diagnostics": []})

    StepFunctionResponse.validate_state_machine_definition = validate
    StepFunctionResponse.list_state_machine_versions = lambda _: json.dumps({"stateMachineVersions": []})


def _remember_rds_parameters() -> None:
    """A parameter that was set says by whom; performance insights, once switched on, are on, with their key.

    And a server has the authority that AWS gives to new ones: with another, the provider changes it, and waits again.
    """
    update = DBParameterGroup.update_parameters

    def update_parameters(self: DBParameterGroup, new: Any) -> None:
        parameters = list(new)
        update(self, parameters)
        for parameter in parameters:
            self.parameters[parameter["ParameterName"]]["Source"] = "user"

    DBParameterGroup.update_parameters = update_parameters
    initialise = DBInstance.__init__

    def __init__(self: DBInstance, *arguments: Any, **options: Any) -> None:  # noqa: N807
        initialise(self, *arguments, **{"ca_certificate_identifier": "rds-ca-rsa2048-g1", **options})
        self.performance_insights_enabled = options.get("enable_performance_insights", False)
        self.performance_insights_kms_key_id = options.get("performance_insights_kms_key_id")

    DBInstance.__init__ = __init__


def _forget_named_queries() -> None:
    def delete_named_query(self: AthenaResponse) -> str:
        self.athena_backend.named_queries.pop(self._get_param("NamedQueryId"))
        return "{}"

    AthenaResponse.delete_named_query = delete_named_query


def _remember_who_hears_of_budgets() -> None:
    """And their tags."""
    tags: dict[str, Any] = {}
    create = BudgetsResponse.create_budget

    def create_budget(self: BudgetsResponse) -> str:
        tags[self._get_param("Budget")["BudgetName"]] = self._get_param("ResourceTags") or []
        return create(self)

    def describe_subscribers_for_notification(self: BudgetsResponse) -> str:
        account, name, about = map(self._get_param, ("AccountId", "BudgetName", "Notification"))
        known = budgets_backends[self.current_account][self.partition].budgets[account][name].notifications
        [subscribers] = [each.subscribers for each in known if _is_about(each.details, about)]
        return json.dumps({"Subscribers": subscribers})

    def list_tags_for_resource(self: BudgetsResponse) -> str:
        return json.dumps({"ResourceTags": tags[self._get_param("ResourceARN").rpartition("/")[2]]})

    BudgetsResponse.create_budget = create_budget
    BudgetsResponse.describe_subscribers_for_notification = describe_subscribers_for_notification
    BudgetsResponse.list_tags_for_resource = list_tags_for_resource


def _is_about(known: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    return all(known[name] == asked[name] for name in ("NotificationType", "Threshold"))


def _remember_how_services_are_run() -> None:
    create = EC2ContainerServiceResponse.create_service

    def create_service(self: EC2ContainerServiceResponse) -> Any:
        answer = create(self)
        cluster, name = self._get_param("cluster"), self._get_param("serviceName")
        [service], _ = self.ecs_backend.describe_services(cluster, [name])
        service.health_check_grace_period_seconds = self._get_param("healthCheckGracePeriodSeconds") or 0
        service.availability_zone_rebalancing = self._get_param("availabilityZoneRebalancing") or "DISABLED"
        return answer

    EC2ContainerServiceResponse.create_service = create_service

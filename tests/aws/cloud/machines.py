"""Step Functions: moto's interpreter, acting as the machine's role, and failing when a task's container did."""

from __future__ import annotations

import importlib
import json
import pkgutil
import uuid
from collections.abc import Callable
from datetime import UTC
from typing import Any

import boto3
from botocore.config import Config
from botocore.session import get_session
from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_task import service as services
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_ecs import (
    StateTaskServiceEcs,
)
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.backend import execution_worker

from tests.aws.cloud import roles
from tests.aws.cloud.place import Place

HASTE = 100  # a second of a machine's waiting lasts a hundredth here


def act_as_roles(place: Place) -> None:
    _call_as_role(place)
    _name_ecs_parameters()
    _fail_with_the_container()
    _let_sync_end()
    _write_times_as_text()
    _hasten()


def _call_as_role(place: Place) -> None:
    def client(region: str, service: str, state_credentials: Any = None) -> Any:
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=place.http,
            config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
            **roles.keys(state_credentials.role_arn, "states.amazonaws.com"),
        )

    for module in pkgutil.iter_modules(services.__path__, f"{services.__name__}."):
        imported = importlib.import_module(module.name)
        if hasattr(imported, "boto_client_for"):
            imported.boto_client_for = client


def _name_ecs_parameters() -> None:
    """As the API spells them; moto has a stub here."""
    ecs = get_session().get_service_model("ecs")

    def shape(task: Any, action: str | None, of: str) -> Any:
        words = (action or task.resource.api_action).split("_")
        operation = ecs.operation_model("".join(word[:1].upper() + word[1:] for word in words))
        return getattr(operation, of)

    def requested(self: Any, parameters: Any, boto_service_name: Any = None, service_action_name: Any = None) -> Any:
        return self._to_boto_request(parameters, shape(self, service_action_name, "input_shape"))

    def answered(self: Any, response: Any, boto_service_name: Any = None, service_action_name: Any = None) -> Any:
        return self._from_boto_response(response, shape(self, service_action_name, "output_shape"))

    StateTaskServiceEcs._normalise_parameters = requested
    StateTaskServiceEcs._normalise_response = answered


def _fail_with_the_container() -> None:
    build = StateTaskServiceEcs._build_sync_resolver

    def build_resolver(self: Any, env: Any, **more: Any) -> Callable[[], Any]:
        ask = build(self, env=env, **more)

        def resolver() -> Any:
            task = ask()
            if task is not None and any(container.get("ExitCode") != 0 for container in task["Containers"]):
                task["Containers"] = [
                    {key: value for key, value in container.items() if value is not None}
                    for container in task["Containers"]
                ]
                raise _task_failed(self, env, json.dumps(task, default=str))
            return task

        return resolver

    StateTaskServiceEcs._build_sync_resolver = build_resolver


def _task_failed(state: Any, env: Any, cause: str) -> FailureEventException:
    details = TaskFailedEventDetails(
        resource=state._get_sfn_resource(),
        resourceType=state._get_sfn_resource_type(),
        error="States.TaskFailed",
        cause=cause,
    )
    return FailureEventException(
        FailureEvent(
            env=env,
            error_name=StatesErrorName(typ=StatesErrorNameType.StatesTaskFailed),
            event_type=HistoryEventType.TaskFailed,
            event_details=EventDetails(taskFailedEventDetails=details),
        )
    )


def _let_sync_end() -> None:
    """A service that knows only `.sync` has no callback endpoint, and moto stumbles over that in the end."""
    evaluate = StateTaskServiceCallback._eval_integration_pattern

    def eval_integration_pattern(self: Any, env: Any, *rest: Any, **more: Any) -> Any:
        if ResourceCondition.WaitForTaskToken not in self._supported_integration_patterns:
            self._supported_integration_patterns = {
                *self._supported_integration_patterns,
                ResourceCondition.WaitForTaskToken,
            }
            task = env.states.context_object.context_object_data.setdefault("Task", {})
            token = task.setdefault("Token", str(uuid.uuid4()))
            if env.callback_pool_manager.get(token) is None:
                env.callback_pool_manager.add(token)
        return evaluate(self, env, *rest, **more)

    StateTaskServiceCallback._eval_integration_pattern = eval_integration_pattern


def _write_times_as_text() -> None:
    """A machine reads when it was started as a text, not as a value of Python."""

    def data(**known: Any) -> dict[str, Any]:
        started = known["StartTime"].astimezone(UTC)
        return known | {"StartTime": f"{started:%Y-%m-%dT%H:%M:%S}.{started.microsecond // 1000:03}Z"}

    execution_worker.ExecutionData = data


def _hasten() -> None:
    def wait_interval(self: Any, env: Any, wait_seconds: float) -> None:
        env.program_state_event.wait(wait_seconds / HASTE)

    WaitFunction._wait_interval = wait_interval

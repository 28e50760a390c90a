"""EMR Serverless: an application that is made, shown as it was given, and gone; moto starts each at once."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.emrserverless.responses import EMRServerlessResponse


def complete() -> None:
    held: dict[str, dict[str, Any]] = {}

    def create_application(self: EMRServerlessResponse) -> ActionResult:
        given = json.loads(self.body)
        number = f"00emr{len(held)}"
        arn = f"arn:aws:emr-serverless:{self.region}:{self.current_account}:/applications/{number}"
        known = {"applicationId": number, "arn": arn, "state": "CREATED", "architecture": "X86_64"}
        now = datetime.now(UTC)
        held[number] = {
            "autoStartConfiguration": {"enabled": True},
            **given,
            **known,
            "createdAt": now,
            "updatedAt": now,
        }
        return ActionResult({"applicationId": number, "arn": arn, "name": given["name"]})

    def get_application(self: EMRServerlessResponse) -> ActionResult:
        return ActionResult({"application": held[self._get_param("applicationId")]})

    def delete_application(self: EMRServerlessResponse) -> EmptyResult:
        held[self._get_param("applicationId")]["state"] = "TERMINATED"
        return EmptyResult()

    EMRServerlessResponse.create_application = create_application
    EMRServerlessResponse.get_application = get_application
    EMRServerlessResponse.delete_application = delete_application

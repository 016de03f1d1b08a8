"""The imitated Resource Manager: requests in, answers out; polling, throttling, refusals."""

import json
import re
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Final

from ipsec_orchestrator.lab.azure import documents, in_force
from ipsec_orchestrator.lab.azure.scene import AzureScene, VmScene
from ipsec_orchestrator.model.json import Json

_RESOURCE: Final = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourcegroups/(?P<group>[^/]+)"
    r"/providers/(?P<provider>microsoft\.(?:network|compute))/(?P<kind>[^/]+)/(?P<name>[^/]+)"
    r"(?:/(?P<rest>.+))?",
    re.IGNORECASE,
)
_OPERATION: Final = re.compile(
    r"/subscriptions/[^/]+/providers/Microsoft\.Network/locations/[^/]+"
    r"/(?P<what>operations|operationResults)/(?P<id>[0-9a-f-]{36})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmAnswer:
    """What goes back."""

    status: HTTPStatus
    body: Json = None
    headers: Sequence[tuple[str, str]] = ()

    def text(self) -> bytes:
        """Give the body as bytes; empty where there is none."""
        return b"" if self.body is None else json.dumps(self.body).encode()


@dataclass(slots=True, kw_only=True)
class _Operation:
    result: Json
    polls_left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """One thing that can be asked: the action whose right it takes, and the answer."""

    action: str
    answer: Callable[[], Json]
    is_long: bool = False


@dataclass(slots=True, kw_only=True)
class ResourceManager:
    """Answers for one scene; methods are safe for threads.

    Attributes:
        scene: What it answers; may be exchanged at any time.
        requests: The requests so far, ``GET /path`` each.
    """

    scene: AzureScene
    base_url: str
    requests: list[str] = field(default_factory=list[str])
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _operations: dict[str, _Operation] = field(default_factory=dict[str, _Operation])
    _throttled: Counter[str] = field(default_factory=Counter[str])
    _reads: int = 0

    def answer(self, method: str, path: str) -> ArmAnswer:
        """Answer a request whose token is good; ``path`` without query."""
        with self._lock:
            self.requests.append(f"{method} {path}")
            if operation := _OPERATION.fullmatch(path):
                return self._poll(operation["what"], operation["id"])
            if self._throttled[f"{method} {path}"] < self.scene.faults.throttled_answers:
                self._throttled[f"{method} {path}"] += 1
                seconds = self.scene.faults.retry_after_seconds
                return _error(
                    HTTPStatus.TOO_MANY_REQUESTS,
                    "TooManyRequests",
                    f"The request limit was reached; retry after {seconds} seconds.",
                    ("Retry-After", str(seconds)),
                )
            return self._answer(method, path)

    def _answer(self, method: str, path: str) -> ArmAnswer:
        found = _RESOURCE.fullmatch(path)
        if found is None:
            return _error(HTTPStatus.NOT_FOUND, "InvalidResourceType", "There is no such path.")
        missing = self._missing_scope(found["subscription"], found["group"])
        if missing is not None:
            return missing
        scene = self.scene
        question = self._question(
            method, found["kind"].lower(), found["name"], (found["rest"] or "").lower()
        )
        if question is None or found["name"] in scene.faults.absent:
            message = f"The resource '{found['kind']}/{found['name']}' was not found."
            return _error(HTTPStatus.NOT_FOUND, "ResourceNotFound", message)
        if question.action in scene.faults.denied:
            message = (
                f"The client '{scene.client_id}' does not have authorization to perform action "
                f"'{question.action}' over scope '{path}'."
            )
            return _error(HTTPStatus.FORBIDDEN, "AuthorizationFailed", message)
        if question.is_long:
            return self._accept(question.answer())
        return ArmAnswer(status=HTTPStatus.OK, body=question.answer())

    def _missing_scope(self, subscription: str, group: str) -> ArmAnswer | None:
        scene = self.scene
        if subscription.lower() != scene.subscription:
            message = f"The subscription '{subscription}' could not be found."
            return _error(HTTPStatus.NOT_FOUND, "SubscriptionNotFound", message)
        if scene.faults.group_absent or group.lower() != scene.resource_group.lower():
            message = f"Resource group '{group}' could not be found."
            return _error(HTTPStatus.NOT_FOUND, "ResourceGroupNotFound", message)
        return None

    def _question(self, method: str, kind: str, name: str, rest: str) -> _Question | None:
        scene = self.scene
        if method == "POST" and kind == "expressroutecircuits" and name == scene.circuit:
            return self._route_table(rest)
        reads: dict[tuple[str, str, str], tuple[str, Callable[[], Json]]] = {
            ("expressroutecircuits", scene.circuit, ""): (
                "expressRouteCircuits/read",
                partial(documents.circuit, scene),
            ),
            ("expressroutecircuits", scene.circuit, "stats"): (
                "expressRouteCircuits/stats/read",
                self._counters,
            ),
            ("virtualnetworkgateways", scene.gateway, ""): (
                "virtualNetworkGateways/read",
                partial(documents.gateway, scene),
            ),
            ("connections", scene.connection, ""): (
                "connections/read",
                partial(documents.connection, scene),
            ),
            ("virtualnetworks", scene.virtual_network, ""): (
                "virtualNetworks/read",
                partial(documents.virtual_network, scene),
            ),
        }
        found = reads.get((kind, name, rest)) if method == "GET" else None
        if found is None:
            return self._question_about_vm(method, kind, name, rest)
        action, answer = found
        return _Question(action=f"Microsoft.Network/{action}", answer=answer)

    def _route_table(self, rest: str) -> _Question | None:
        scene = self.scene
        links = {"primary": scene.primary_routes, "secondary": scene.secondary_routes}
        networks = links.get(rest.removeprefix("peerings/azureprivatepeering/routetables/"))
        if networks is None or not scene.has_private_peering:
            return None
        return _Question(
            action="Microsoft.Network/expressRouteCircuits/peerings/routeTables/action",
            answer=partial(documents.route_table, scene, networks),
            is_long=True,
        )

    def _question_about_vm(self, method: str, kind: str, name: str, rest: str) -> _Question | None:
        scene = self.scene
        for vm in scene.vms:
            match method, kind, rest:
                case "GET", "virtualmachines", "" if name == vm.name:
                    return _Question(
                        action="Microsoft.Compute/virtualMachines/read",
                        answer=partial(documents.virtual_machine, scene, vm),
                    )
                case "GET", "networkinterfaces", "" if name == vm.interface:
                    return _Question(
                        action="Microsoft.Network/networkInterfaces/read",
                        answer=partial(documents.network_interface, scene, vm),
                    )
                case "POST", "networkinterfaces", _ if name == vm.interface:
                    return self._in_force(vm, rest)
                case _:
                    continue
        return None

    def _in_force(self, vm: VmScene, rest: str) -> _Question | None:
        scene = self.scene
        answers: dict[str, tuple[str, Callable[[], Json]]] = {
            "effectiveroutetable": (
                "effectiveRouteTable",
                partial(in_force.effective_routes, scene),
            ),
            "effectivenetworksecuritygroups": (
                "effectiveNetworkSecurityGroups",
                partial(in_force.effective_security_groups, scene),
            ),
        }
        found = answers.get(rest)
        # Only of a VM that runs is anything in force; the product does not ask for others.
        if found is None or vm.power_state != "running":
            return None
        name, answer = found
        action = f"Microsoft.Network/networkInterfaces/{name}/action"
        return _Question(action=action, answer=answer, is_long=True)

    def _counters(self) -> Json:
        self._reads += 1
        return documents.counters(self.scene, self._reads)

    def _accept(self, result: Json) -> ArmAnswer:
        faults = self.scene.faults
        operation_id = str(uuid.uuid4())
        self._operations[operation_id] = _Operation(result=result, polls_left=faults.polls)
        headers = [self._ask_again()]
        if faults.polled_by in {"both", "async"}:
            headers.append(("Azure-AsyncOperation", self._url("operations", operation_id)))
        if faults.polled_by in {"both", "location"}:
            headers.append(("Location", self._url("operationResults", operation_id)))
        return ArmAnswer(status=HTTPStatus.ACCEPTED, headers=headers)

    def _url(self, what: str, operation_id: str) -> str:
        scene = self.scene
        return (
            f"{self.base_url}/subscriptions/{scene.subscription}/providers/Microsoft.Network"
            f"/locations/{scene.location}/{what}/{operation_id}?api-version=2024-05-01"
        )

    def _ask_again(self) -> tuple[str, str]:
        seconds = self.scene.faults.poll_seconds
        if seconds < 1:
            return ("x-ms-retry-after-ms", str(round(seconds * 1000)))
        return ("Retry-After", str(round(seconds)))

    def _poll(self, what: str, operation_id: str) -> ArmAnswer:
        operation = self._operations.get(operation_id)
        if operation is None:
            return _error(HTTPStatus.NOT_FOUND, "OperationNotFound", "There is no such operation.")
        running = operation.polls_left > 0 or not self.scene.faults.operations_end
        operation.polls_left -= 1
        if what == "operations":
            body: dict[str, Json] = {"status": "InProgress" if running else "Succeeded"}
            if not running:
                body["properties"] = operation.result
            return ArmAnswer(status=HTTPStatus.OK, body=body, headers=[self._ask_again()])
        if running:
            location = ("Location", self._url("operationResults", operation_id))
            return ArmAnswer(status=HTTPStatus.ACCEPTED, headers=[location, self._ask_again()])
        return ArmAnswer(status=HTTPStatus.OK, body=operation.result)


def _error(status: HTTPStatus, code: str, message: str, *headers: tuple[str, str]) -> ArmAnswer:
    body: Json = {"error": {"code": code, "message": message}}
    return ArmAnswer(status=status, body=body, headers=headers)

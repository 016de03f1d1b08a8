"""What a host says about itself beside its policy: the question is ``scripts/host_health.ps1``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from ipsec_orchestrator.facts.answer_fields import AnswerFields
from ipsec_orchestrator.facts.policy_run import PolicyRun, policy_run
from ipsec_orchestrator.model.json import Json

SCRIPT: Final = "host_health"
_QUOTAS: Final = (
    "max_shells_per_user",
    "max_processes_per_shell",
    "max_memory_per_shell_megabytes",
    "max_concurrent_operations_per_user",
    "max_connections",
    "max_envelope_kilobytes",
    "idle_timeout_milliseconds",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingRestart:
    """What waits for a restart of the host.

    Attributes:
        component_servicing: Windows components.
        windows_update: An update.
        renamed: The computer's new name.
        file_renames: Number of texts in the list of files to be moved; programs leave such things
            behind all the time.
    """

    component_servicing: bool
    windows_update: bool
    renamed: bool
    file_renames: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTrigger:
    """An event that starts or stops a service: SERVICE_TRIGGER of the Service Control Manager.

    Attributes:
        service: Name of the service.
        trigger_type: dwTriggerType, for example 4 for a firewall port.
        action: dwAction: 1 starts, 2 stops.
        subtype: GUID of the event.
    """

    service: str
    trigger_type: int | None
    action: int | None
    subtype: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionSettings:
    """How Group Policy calls the IPsec extension; 1 always means "do not".

    Attributes:
        registered: Whether the extension is known at all.
        no_machine_policy: Not for computers.
        no_slow_link: Not over slow links, with an administrator's setting in its place if any.
        no_background_policy: Not in the background, likewise.
        no_gpo_list_changes: Not when no GPO has changed, likewise.
    """

    registered: bool
    no_machine_policy: int | None
    no_slow_link: int | None
    no_background_policy: int | None
    no_gpo_list_changes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionRule:
    """A connection security rule in force; 0 none, 1 request, 2 require security."""

    name: str
    inbound: int
    outbound: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HostHealth:
    """Everything that a host said; each ``..._reason`` is the error id of what it did not tell.

    Attributes:
        time: The host's clock.
        quotas: Limits of WinRM by name; the unit is in the name.
        pending_restart: What waits for a restart.
        triggers: Triggers of PolicyAgent and IKEEXT.
        local_policy: The local IPsec policy that is assigned, ``None`` for none.
        default_exempt: ``NoDefaultExempt`` by the service whose key holds it, where it is set.
        udp_encapsulation: ``AssumeUDPEncapsulationContextOnSendRule``.
        extension: How Group Policy calls the IPsec extension.
        connection_rules: Connection security rules in force.
        firewall_profiles: Whether the firewall is on, by profile.
        block_rules: Active firewall rules that block, as the registry writes them.
        firewall_products: Other firewalls that Windows knows, by name; ``None`` where Windows keeps
            no such list, as on servers.
        audit: Setting by subcategory: 0 none, 1 success, 2 failure, 3 both.
        event_log_enabled: Whether the log of Group Policy is on; ``None`` if nothing is said.
        last_run: The last run of Group Policy; ``None`` if none is recorded.
    """

    time: datetime
    quotas: Mapping[str, int] = field(hash=False)
    quotas_reason: str | None
    pending_restart: PendingRestart
    triggers: tuple[ServiceTrigger, ...]
    local_policy: str | None
    default_exempt: Mapping[str, int] = field(hash=False)
    udp_encapsulation: int | None
    extension: ExtensionSettings
    connection_rules: tuple[ConnectionRule, ...]
    connection_rules_reason: str | None
    firewall_profiles: Mapping[str, bool] = field(hash=False)
    firewall_profiles_reason: str | None
    block_rules: tuple[str, ...]
    firewall_products: tuple[str, ...] | None
    audit: Mapping[UUID, int] = field(hash=False)
    audit_reason: str | None
    event_log_enabled: bool | None
    last_run: PolicyRun | None


def parse_host_health(answer: Json) -> HostHealth:
    """Read the script's answer.

    Raises:
        UnexpectedAnswerError: It has another shape.
    """
    fields = AnswerFields.of(SCRIPT, answer)
    quotas, rules = fields.object("quotas"), fields.object("connection_rules")
    profiles, products = fields.object("firewall_profiles"), fields.object("firewall_products")
    audit, exempt = fields.object("audit"), fields.object("default_exempt")
    enabled = fields.optional_number("event_log_enabled")
    return HostHealth(
        time=fields.moment("time"),
        quotas={name: item.number(name) for item in quotas.objects("found") for name in _QUOTAS},
        quotas_reason=quotas.optional_text("reason"),
        pending_restart=_pending(fields.object("pending_restart")),
        triggers=tuple(_trigger(item) for item in fields.objects("triggers")),
        local_policy=fields.optional_text("local_policy") or None,
        default_exempt={
            service: number
            for service, name in (("IPSEC", "ipsec"), ("PolicyAgent", "policy_agent"))
            if (number := exempt.optional_number(name)) is not None
        },
        udp_encapsulation=fields.optional_number("udp_encapsulation"),
        extension=_extension(fields.object("extension")),
        connection_rules=tuple(
            ConnectionRule(
                name=item.text("name"),
                inbound=item.number("inbound"),
                outbound=item.number("outbound"),
            )
            for item in rules.objects("found")
        ),
        connection_rules_reason=rules.optional_text("reason"),
        firewall_profiles={
            item.text("name"): item.number("enabled") == 1 for item in profiles.objects("found")
        },
        firewall_profiles_reason=profiles.optional_text("reason"),
        block_rules=fields.texts("block_rules"),
        firewall_products=None
        if products.optional_text("reason")
        else tuple(item.text("name") for item in products.objects("found")),
        audit={item.guid("subcategory"): item.number("setting") for item in audit.objects("found")},
        audit_reason=audit.optional_text("reason"),
        event_log_enabled=None if enabled is None else enabled != 0,
        last_run=policy_run(fields.object("last_run")),
    )


def _pending(fields: AnswerFields) -> PendingRestart:
    return PendingRestart(
        component_servicing=fields.flag("component_servicing"),
        windows_update=fields.flag("windows_update"),
        renamed=fields.flag("renamed"),
        file_renames=fields.number("file_renames"),
    )


def _trigger(fields: AnswerFields) -> ServiceTrigger:
    return ServiceTrigger(
        service=fields.text("service"),
        trigger_type=fields.optional_number("type"),
        action=fields.optional_number("action"),
        subtype=fields.optional_text("subtype"),
    )


def _extension(fields: AnswerFields) -> ExtensionSettings:
    def effective(name: str) -> int | None:
        forced = fields.optional_number(f"forced_{name}")
        return fields.optional_number(name) if forced is None else forced

    return ExtensionSettings(
        registered=fields.flag("registered"),
        no_machine_policy=fields.optional_number("no_machine_policy"),
        no_slow_link=effective("no_slow_link"),
        no_background_policy=effective("no_background_policy"),
        no_gpo_list_changes=effective("no_gpo_list_changes"),
    )

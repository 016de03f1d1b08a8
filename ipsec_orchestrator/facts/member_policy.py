"""What a member says about its IPsec policy: the question is ``scripts/member_policy.ps1``."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from ipsec_orchestrator.codec import IpsecValue, decode
from ipsec_orchestrator.errors import CodecError
from ipsec_orchestrator.facts.answer_fields import AnswerFields
from ipsec_orchestrator.facts.policy_run import PolicyRun, policy_run
from ipsec_orchestrator.model.json import Json

SCRIPT: Final = "member_policy"
# A subkey of the cache, and the last part of a reference: ipsecNFA{<GUID>}.
_OBJECT_NAME: Final = re.compile(
    r"(?P<object_class>ipsec\w+)\{(?P<guid>[0-9a-f-]{36})\}", re.IGNORECASE
)
_LDAP_PATH: Final = re.compile(r"ldap://(?:[^/=]+/)?(?P<dn>.+)", re.IGNORECASE)
_REFERENCES: Final = (
    "ipsecISAKMPReference",
    "ipsecNFAReference",
    "ipsecNegotiationPolicyReference",
    "ipsecFilterReference",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A Windows service in WMI's words, which are not localized: ``Running``, ``Manual`` ..."""

    name: str
    state: str
    start_mode: str

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self.state.casefold() == "running"


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignedPolicy:
    """What the IPsec extension of Group Policy has written, below ``GPTIPSECPolicy``.

    Attributes:
        path: DSIPSECPolicyPath, ``LDAP://CN=ipsecPolicy{...},CN=IP Security,...``.
        name: DSIPSECPolicyName.
        flags: DSIPSECPolicyFlags; seen as 1, its meaning is not documented.
    """

    path: str
    name: str | None = None
    flags: int | None = None

    @property
    def policy_dn(self) -> str:
        """The DN in the path, without scheme and server."""
        match = _LDAP_PATH.fullmatch(self.path)
        return match["dn"] if match else self.path

    @property
    def policy_id(self) -> UUID | None:
        """The policy's GUID, if the path names one."""
        match = _OBJECT_NAME.search(self.path)
        return _guid(match["guid"]) if match else None


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedObject:
    """One subkey of the cache.

    Attributes:
        object_class: Its class as the key's name spells it.
        object_id: Its GUID.
        name: ipsecName.
        value: Its decoded ``ipsecData``; ``None`` if there is none or it can't be read.
        problem: Why it can't be read.
        action: iPSECNegotiationPolicyAction, of negotiation policies.
        references: GUIDs of the objects that it refers to downwards.
    """

    object_class: str
    object_id: UUID
    name: str | None = None
    value: IpsecValue | None = None
    problem: str | None = None
    action: str | None = None
    references: frozenset[UUID] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionStatus:
    """How the last run of the IPsec extension ended: RSOP_ExtensionStatus.

    Attributes:
        begin_time: When it began, by the member's clock.
        end_time: When it ended.
        error: 0, or a Windows error number.
        logging_status: What RSoP says of its own log.
    """

    begin_time: datetime
    end_time: datetime | None = None
    error: int = 0
    logging_status: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySetting:
    """An assigned policy among several: RSOP_IPSECPolicySetting; precedence 1 wins."""

    precedence: int
    ipsec_id: str
    ipsec_name: str
    gpo_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadMan:
    """A run that had to be confirmed, as it stands in the member's registry.

    Attributes:
        run_id: The run.
        deadline: Until when, as text; ``None`` while its task was not there yet.
        fired: Whether its task has taken the policy's effect away.
    """

    run_id: str
    deadline: str | None
    fired: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberObservation:
    """Everything that a member said.

    Attributes:
        time: The member's clock.
        culture: Format culture, for example ``de-DE``.
        ui_culture: Language of messages.
        ps_version: Version of its PowerShell.
        services: PolicyAgent, IKEEXT, BFE, as far as they exist, by name.
        assigned: The policy that Group Policy assigned; ``None`` for none.
        cache: The cached objects; ``None`` if there is no cache key.
        extension_status: The extension's last run; ``None`` if there was none or see next.
        extension_reason: Error id if the log could not be read.
        settings: Assigned policies by precedence.
        settings_reason: Error id if they could not be read.
        dead_men: Runs that had to be confirmed and have left their mark.
        last_run: The last run of Group Policy as a whole; ``None`` if none is recorded.
        rsop_logging: Whether the RSoP log is switched on; ``None`` is not configured, which is on.
        extension_flags: NoGPOListChanges, NoSlowLink, NoBackgroundPolicy as configured.
    """

    time: datetime
    culture: str
    ui_culture: str
    ps_version: str
    services: Mapping[str, Service] = field(default_factory=dict[str, Service], hash=False)
    assigned: AssignedPolicy | None = None
    cache: tuple[CachedObject, ...] | None = None
    extension_status: ExtensionStatus | None = None
    extension_reason: str | None = None
    settings: tuple[PolicySetting, ...] = ()
    settings_reason: str | None = None
    dead_men: tuple[DeadMan, ...] = ()
    last_run: PolicyRun | None = None
    rsop_logging: bool | None = None
    extension_flags: Mapping[str, int | None] = field(
        default_factory=dict[str, int | None],
        hash=False,
    )

    def cached(self, object_id: UUID) -> CachedObject | None:
        """Find a cached object by GUID."""
        return next((found for found in self.cache or () if found.object_id == object_id), None)

    @property
    def fired(self) -> DeadMan | None:
        """A run whose task has taken the policy's effect away, if there is one."""
        return next((found for found in self.dead_men if found.fired), None)

    def runs(self, service: str) -> bool:
        """Tell whether a service exists and runs."""
        found = self.services.get(service)
        return found is not None and found.running


def parse_member_policy(answer: Json) -> MemberObservation:
    """Read the script's answer.

    Raises:
        UnexpectedAnswerError: It has another shape.
    """
    fields = AnswerFields.of(SCRIPT, answer)
    status = fields.object("extension_status")
    settings = fields.object("policy_settings")
    logging = fields.optional_number("rsop_logging")
    flags = fields.optional_object("extension_flags")
    return MemberObservation(
        time=fields.moment("time"),
        culture=fields.text("culture"),
        ui_culture=fields.text("ui_culture"),
        ps_version=fields.text("ps_version"),
        services={found.name: found for found in map(_service, fields.objects("services"))},
        assigned=_assigned(fields.optional_object("assigned")),
        cache=None if fields.is_null("cache") else _cache(fields),
        extension_status=_status(status.optional_object("status")),
        extension_reason=status.optional_text("reason"),
        settings=tuple(
            sorted(
                (_setting(found) for found in settings.objects("settings")),
                key=lambda found: found.precedence,
            ),
        ),
        settings_reason=settings.optional_text("reason"),
        dead_men=tuple(_dead_man(found) for found in fields.objects("dead_men")),
        last_run=policy_run(fields.optional_object("last_run")),
        rsop_logging=None if logging is None else logging != 0,
        extension_flags={}
        if flags is None
        else {name: flags.optional_number(name) for name in sorted(flags.fields)},
    )


def _service(fields: AnswerFields) -> Service:
    return Service(
        name=fields.text("name"),
        state=fields.text("state"),
        start_mode=fields.text("start_mode"),
    )


def _assigned(fields: AnswerFields | None) -> AssignedPolicy | None:
    path = None if fields is None else fields.value_of("DSIPSECPolicyPath")
    if fields is None or not isinstance(path, str) or not path:
        # Windows leaves the key behind when a policy goes; only the path says that there is one.
        return None
    name, flags = fields.value_of("DSIPSECPolicyName"), fields.value_of("DSIPSECPolicyFlags")
    return AssignedPolicy(
        path=path,
        name=name if isinstance(name, str) else None,
        flags=flags if isinstance(flags, int) else None,
    )


def _status(fields: AnswerFields | None) -> ExtensionStatus | None:
    if fields is None:
        return None
    return ExtensionStatus(
        begin_time=fields.moment("begin_time"),
        end_time=fields.optional_moment("end_time"),
        error=fields.number("error"),
        logging_status=fields.optional_number("logging_status"),
    )


def _setting(fields: AnswerFields) -> PolicySetting:
    return PolicySetting(
        precedence=fields.number("precedence"),
        ipsec_id=fields.text("ipsec_id"),
        ipsec_name=fields.text("ipsec_name"),
        gpo_id=fields.text("gpo_id"),
    )


def _dead_man(fields: AnswerFields) -> DeadMan:
    return DeadMan(
        run_id=fields.text("run"),
        deadline=fields.optional_text("deadline"),
        fired=fields.flag("fired"),
    )


def _cache(fields: AnswerFields) -> tuple[CachedObject, ...]:
    found = (
        _cached_object(item.text("key"), item.object("values")) for item in fields.objects("cache")
    )
    return tuple(item for item in found if item is not None)


def _cached_object(key: str, values: AnswerFields) -> CachedObject | None:
    match = _OBJECT_NAME.fullmatch(key)
    object_id = _guid(match["guid"]) if match else None
    if match is None or object_id is None:
        # A key of some other kind: it is no object of ours to look for.
        return None
    name, action = values.value_of("ipsecName"), values.value_of("ipsecNegotiationPolicyAction")
    value, problem = _decoded(match["object_class"], values.value_of("ipsecData"))
    return CachedObject(
        object_class=match["object_class"],
        object_id=object_id,
        name=name if isinstance(name, str) else None,
        value=value,
        problem=problem,
        action=action if isinstance(action, str) else None,
        references=frozenset(
            guid for reference in _REFERENCES for guid in _referred(values.value_of(reference))
        ),
    )


def _decoded(object_class: str, stored: Json) -> tuple[IpsecValue | None, str | None]:
    if not isinstance(stored, str):
        return None, "there is no ipsecData"
    try:
        return decode(object_class, base64.b64decode(stored, validate=True)), None
    except binascii.Error:
        return None, "ipsecData is not binary"
    except CodecError as error:
        return None, str(error)


def _referred(stored: Json) -> tuple[UUID, ...]:
    texts = [stored] if isinstance(stored, str) else stored if isinstance(stored, list) else []
    found = (_OBJECT_NAME.search(text) for text in texts if isinstance(text, str))
    guids = (_guid(match["guid"]) for match in found if match)
    return tuple(guid for guid in guids if guid is not None)


def _guid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None

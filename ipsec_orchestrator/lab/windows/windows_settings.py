"""How a simulated Windows host is set up."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from ipsec_orchestrator.lab.windows.ailments import WELL, Ailments
from ipsec_orchestrator.model.inventory import Address


class AgentBehaviour(StrEnum):
    """Whether PolicyAgent starts by itself when a policy gets assigned (it is Manual)."""

    STARTS = "starts"
    STAYS_STOPPED = "stays-stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowsSettings:
    """How a host is set up.

    Attributes:
        name: How the lab names it.
        account: Its account in the domain, ``vm1$``.
        addresses: Its addresses as the domain sees them; they decide on its site.
        locale: Language of messages, ``de-DE``.
        clock_skew_seconds: How far its clock is ahead.
        policy_agent: What its PolicyAgent does at an assignment.
        call_when_unchanged: Whether the IPsec extension runs although no GPO changed
            (``NoGPOListChanges`` 0); what Windows ships is not documented.
        sysvol: Local path of SYSVOL, on domain controllers only.
        ailments: What is wrong with it.
    """

    name: str
    account: str
    addresses: Sequence[Address] = ()
    locale: str = "en-US"
    clock_skew_seconds: float = 0.0
    policy_agent: AgentBehaviour = AgentBehaviour.STARTS
    call_when_unchanged: bool = False
    sysvol: str | None = None
    ailments: Ailments = WELL

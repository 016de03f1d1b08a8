"""Looks at every place that steps touch, whole, before they touch it."""

from collections.abc import Iterable
from uuid import UUID

from ipsec_orchestrator.facts.gpo import COMMENT_FILE
from ipsec_orchestrator.model.backup import Backup
from ipsec_orchestrator.model.directory import dn_key
from ipsec_orchestrator.model.policy import GpoVia
from ipsec_orchestrator.model.steps import Step
from ipsec_orchestrator.planning.concerned import dns_of, gpo_dn, gpos_of, via_of
from ipsec_orchestrator.ports import World

GPT_INI = "gpt.ini"
_FILES = (GPT_INI, COMMENT_FILE)
# The descriptor is given to whoever may read it, when it is asked for by name.
_EVERYTHING = ("*", "nTSecurityDescriptor")


def look(steps: Iterable[Step], domain: str, world: World, *, via: GpoVia | None = None) -> Backup:
    """Read what is there now.

    Args:
        steps: Whose places to look at.
        domain: DNS name.
        world: Where.
        via: The way to templates, if no step tells it.

    Raises:
        BackendError: Something can't be read.
    """
    steps = tuple(steps)
    entries = {dn_key(dn): world.directory.read(dn, _EVERYTHING) for dn in dns_of(steps, domain)}
    way = via_of(steps) or via
    files: dict[tuple[UUID, str], bytes | None] = {}
    for gpo_id in gpos_of(steps):
        there = entries.get(dn_key(gpo_dn(gpo_id, domain))) is not None
        if there and way is not None:
            for path in _FILES:
                files[gpo_id, path] = world.sysvol[way].read(gpo_id, path)
    return Backup(entries=entries, files=files)

"""Inventory and playbook files in YAML: read, checked, explained, and made for newcomers.

One way through: :mod:`files` (paths -> text), :mod:`yaml_reader` (text -> values with
positions), :mod:`examination` (values -> schema, by :mod:`inventory_schema` and
:mod:`playbook_schema`), then :mod:`inventory_lowering` and :mod:`playbook_lowering` (schema ->
model). Whatever is wrong on the way is collected and raised at the end, all at once.
"""

from ipsec_orchestrator.adapters.specification.json_schema import (
    inventory_schema,
    playbook_schema,
)
from ipsec_orchestrator.adapters.specification.reading import read_inventory, read_playbook
from ipsec_orchestrator.adapters.specification.starter_files import write_starter

__all__ = [
    "inventory_schema",
    "playbook_schema",
    "read_inventory",
    "read_playbook",
    "write_starter",
]

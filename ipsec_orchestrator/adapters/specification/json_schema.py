"""JSON Schema of both files, for editors that complete and check while one types."""

import json

from pydantic import BaseModel

from ipsec_orchestrator.adapters.specification.inventory_schema import InventoryFile
from ipsec_orchestrator.adapters.specification.playbook_schema import PlaybookFile
from ipsec_orchestrator.model.json import Json

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def inventory_schema() -> dict[str, Json]:
    """Give the JSON Schema (draft 2020-12) of inventory files."""
    return _schema(InventoryFile)


def playbook_schema() -> dict[str, Json]:
    """Give the JSON Schema (draft 2020-12) of playbook files."""
    return _schema(PlaybookFile)


def schema_text(schema: dict[str, Json]) -> str:
    """Write a schema as the files beside the examples have it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _schema(model: type[BaseModel]) -> dict[str, Json]:
    return {"$schema": _DIALECT, **model.model_json_schema()}

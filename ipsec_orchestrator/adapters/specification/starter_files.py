"""The files that ``orchestrate init DIR`` writes."""

from importlib.resources import files
from pathlib import Path

from ipsec_orchestrator.adapters.specification.json_schema import (
    inventory_schema,
    playbook_schema,
    schema_text,
)
from ipsec_orchestrator.errors import UsageError

_SHIPPED = ("inventory/domain.yml", "inventory/hosts.yml", "playbooks/first-policy.yml")


def write_starter(directory: Path) -> list[Path]:
    """Write a starter inventory and playbook, and the schemas that editors complete them by.

    Args:
        directory: Where to; made if it is not there.

    Returns:
        The files written, in the order in which they are to be edited.

    Raises:
        UsageError: One of the files is there already (then none is written), or the directory
            can't be written.
    """
    shipped = files("ipsec_orchestrator.adapters.specification") / "starter"
    texts = {name: shipped.joinpath(name).read_text(encoding="utf-8") for name in _SHIPPED}
    texts["schemas/inventory.schema.json"] = schema_text(inventory_schema())
    texts["schemas/playbook.schema.json"] = schema_text(playbook_schema())
    targets = {directory / name: text for name, text in texts.items()}
    existing = [str(target) for target in targets if target.exists()]
    if existing:
        raise UsageError(
            f"{', '.join(existing)} {'is' if len(existing) == 1 else 'are'} there already; "
            "nothing was written.",
            cure="Name an empty directory.",
        )
    try:
        for target, text in targets.items():
            target.parent.mkdir(parents=True, exist_ok=True)
            # "x": a file that came into being meanwhile stays as it is.
            with target.open("x", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
    except OSError as error:
        raise UsageError(
            f"{directory} can't be written: {error.strerror or error}.",
            cure="Name a folder that can be made.",
        ) from error
    return list(targets)

"""Bytes or text that do not have the shape their format demands."""

from ipsec_orchestrator.errors.base import OrchestratorError


class CodecError(OrchestratorError, ValueError):
    """Malformed stored data: names the format, the field and the offset.

    Attributes:
        format: What was being read, for example ``ipsecFilter`` or ``gPLink``.
        field: The field by its specification name, for example ``Data-Length``.
        offset: Byte offset (binary formats) or character offset (text formats) of the field.
        reason: What is wrong with it.
    """

    usual_cure = (
        "It was left as it is. Look at it with orchestrate show or ADSI Edit, and put it right with "
        "the tool that wrote it."
    )

    def __init__(self, *, format: str, field: str, offset: int, reason: str) -> None:  # noqa: A002 - the word of the trade
        super().__init__(f"{format}: {field} at offset {offset}: {reason}.")
        self.format = format
        self.field = field
        self.offset = offset
        self.reason = reason

"""What DNS says where a host asks it: the question is ``scripts/resolve_names.ps1``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

from ipsec_orchestrator.errors import UnexpectedAnswerError
from ipsec_orchestrator.facts.answer_fields import AnswerFields
from ipsec_orchestrator.model.inventory import Address
from ipsec_orchestrator.model.json import Json

SCRIPT: Final = "resolve_names"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedNames:
    """Answers of DNS.

    Attributes:
        addresses: Addresses by name as it was asked; a text is the id of the error.
        names: Names by address, without the dot at the end; a text is the id of the error.
    """

    addresses: Mapping[str, frozenset[Address] | str] = field(hash=False)
    names: Mapping[Address, tuple[str, ...] | str] = field(hash=False)


def parse_resolved_names(answer: Json) -> ResolvedNames:
    """Read the script's answer.

    Raises:
        UnexpectedAnswerError: It has another shape.
    """
    fields = AnswerFields.of(SCRIPT, answer)
    return ResolvedNames(
        addresses={
            item.text("question"): item.optional_text("error_id")
            or frozenset(_address(item, text) for text in item.texts("answers"))
            for item in fields.objects("names")
        },
        names={
            _address(item, item.text("question")): item.optional_text("error_id")
            or tuple(text.rstrip(".") for text in item.texts("answers"))
            for item in fields.objects("addresses")
        },
    )


def _address(fields: AnswerFields, text: str) -> Address:
    try:
        # Link-local IPv6 addresses come with the number of the adapter behind a percent sign.
        return ip_address(text.partition("%")[0])
    except ValueError:
        raise UnexpectedAnswerError(
            script=SCRIPT, field=fields.path, reason=f"{text!r} is no address"
        ) from None

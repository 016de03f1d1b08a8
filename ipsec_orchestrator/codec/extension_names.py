"""``gPCMachineExtensionNames`` of a GPO, [MS-GPOL] 2.2.4.

A sequence of ``[{CSE}{tool}{tool}...]``: which client-side extension has settings in the GPO,
and which tools wrote them. It has to be in ascending order of the CSE's GUIDs: a member stops at
the first one out of order.
"""

import re
from dataclasses import dataclass, replace
from typing import Final, Self
from uuid import UUID

from typing_extensions import override

from ipsec_orchestrator.codec.guid import GUID_PATTERN, braced, parse_braced
from ipsec_orchestrator.errors import CodecError

_FORMAT: Final = "gPCMachineExtensionNames"

_BRACKET: Final = re.compile(rf"\[(?P<guids>(?:{GUID_PATTERN})+)\]")
_GUID: Final = re.compile(GUID_PATTERN)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionPair:
    """A client-side extension and a tool that writes its settings.

    Attributes:
        extension: GUID of the client-side extension (CSE).
        tool: GUID of the tool extension.
    """

    extension: UUID
    tool: UUID


IPSEC_CSE: Final = UUID("e437bc1c-aa7d-11d2-a382-00c04f991e27")
IPSEC_TOOL: Final = UUID("dea8afa0-cc85-11d0-9ce2-0080c7221ebd")
IPSEC_PAIR: Final = ExtensionPair(extension=IPSEC_CSE, tool=IPSEC_TOOL)
"""[MS-GPIPSEC] 1.9."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionBracket:
    """One bracket, as written.

    Attributes:
        extension: The CSE's GUID in braces.
        tools: The tools' GUIDs in braces; some systems write none.
    """

    extension: str
    tools: tuple[str, ...] = ()

    @property
    def extension_id(self) -> UUID:
        """The CSE's GUID."""
        return parse_braced(self.extension, field="CSE")

    def has_tool(self, tool: UUID) -> bool:
        """Tell whether the tool is in the bracket."""
        return any(parse_braced(text, field="tool") == tool for text in self.tools)

    @override
    def __str__(self) -> str:
        return f"[{self.extension}{''.join(self.tools)}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionNames:
    """All brackets of one GPO half.

    Attributes:
        brackets: In the order of the text.
        blank: White space in place of brackets.
    """

    brackets: tuple[ExtensionBracket, ...] = ()
    blank: str = ""

    @property
    def in_order(self) -> bool:
        """Whether members will read all of it."""
        keys = [bracket.extension.upper() for bracket in self.brackets]
        return keys == sorted(keys)

    def has(self, pair: ExtensionPair) -> bool:
        """Tell whether a pair is there."""
        return any(
            bracket.extension_id == pair.extension and bracket.has_tool(pair.tool)
            for bracket in self.brackets
        )

    def insert(self, pair: ExtensionPair) -> Self:
        """Give the names with a pair in its place; unchanged if it is there already.

        The order of brackets that were there is kept, unless members would stop before the new
        one: then all are put in order.
        """
        if self.has(pair):
            return self
        brackets = list(self.brackets)
        for place, bracket in enumerate(brackets):
            if bracket.extension_id == pair.extension:
                tools = tuple(sorted((*bracket.tools, braced(pair.tool)), key=str.upper))
                brackets[place] = replace(bracket, tools=tools)
                break
        else:
            brackets.append(
                ExtensionBracket(extension=braced(pair.extension), tools=(braced(pair.tool),))
            )
        # A stable sort: what is in order already stays where it is.
        brackets.sort(key=lambda bracket: bracket.extension.upper())
        return replace(self, brackets=tuple(brackets), blank="")

    def remove(self, pair: ExtensionPair) -> Self:
        """Give the names without a pair; a bracket goes when its last tool goes."""
        kept: list[ExtensionBracket] = []
        for bracket in self.brackets:
            if bracket.extension_id != pair.extension or not bracket.has_tool(pair.tool):
                kept.append(bracket)
                continue
            tools = tuple(
                text for text in bracket.tools if parse_braced(text, field="tool") != pair.tool
            )
            if tools:
                kept.append(replace(bracket, tools=tools))
        return replace(self, brackets=tuple(kept))

    @override
    def __str__(self) -> str:
        return format_extension_names(self)


def parse_extension_names(text: str) -> ExtensionNames:
    """Read the attribute's text; an absent attribute is the empty text.

    Raises:
        CodecError: Something in it is no bracket of GUIDs.
    """
    if not text.strip(" "):
        return ExtensionNames(blank=text)
    brackets: list[ExtensionBracket] = []
    offset = 0
    while offset < len(text):
        match = _BRACKET.match(text, offset)
        if match is None:
            raise CodecError(
                format=_FORMAT,
                field=f"bracket {len(brackets) + 1}",
                offset=offset,
                reason="not of the form [{GUID}{GUID}]",
            )
        extension, *tools = _GUID.findall(match["guids"])
        brackets.append(ExtensionBracket(extension=extension, tools=tuple(tools)))
        offset = match.end()
    return ExtensionNames(brackets=tuple(brackets))


def format_extension_names(names: ExtensionNames) -> str:
    """Write the attribute's text.

    Raises:
        CodecError: A bracket would not read back as it is.
    """
    text = "".join(str(bracket) for bracket in names.brackets) or names.blank
    if parse_extension_names(text) != names:
        raise CodecError(
            format=_FORMAT, field="brackets", offset=0, reason="would read back as something else"
        )
    return text

"""``gPLink`` of a domain, site or organizational unit, [MS-GPOL] 2.2.2.

A sequence of ``[LDAP://<DN of the GPO>;<options>]``. The **last** link of the text has the
highest precedence: it is "link order 1" in the Group Policy Management Console. Links of others
keep their spelling to the letter.
"""

import re
from dataclasses import dataclass, replace
from typing import Final, NoReturn, Self
from uuid import UUID

from typing_extensions import override

from ipsec_orchestrator.codec.guid import GUID_PATTERN, braced
from ipsec_orchestrator.errors import CodecError

_FORMAT: Final = "gPLink"
_DISABLED: Final = 1
_ENFORCED: Final = 2
_OPTIONS_MAX: Final = 0xFFFFFFFF

_LINK: Final = re.compile(
    r"\[(?P<scheme>LDAP://)(?P<dn>[^\[\];]+);(?P<options>[0-9]{1,10})\]", re.IGNORECASE
)
_GPO_NAME: Final = re.compile(rf"cn=(?P<guid>{GUID_PATTERN})(?:,|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class GpoLinkText:
    """One link, as written.

    Attributes:
        dn: Distinguished name of the GPO, without the scheme.
        options_text: The options' digits.
        scheme: ``LDAP://`` in whatever case.
    """

    dn: str
    options_text: str = "0"
    scheme: str = "LDAP://"

    @property
    def options(self) -> int:
        """The options as a number: bit 0 disabled, bit 1 enforced."""
        return int(self.options_text)

    @property
    def disabled(self) -> bool:
        """Whether members ignore the link."""
        return bool(self.options & _DISABLED)

    @property
    def enforced(self) -> bool:
        """Whether the link passes blocked inheritance and lower links."""
        return bool(self.options & _ENFORCED)

    @property
    def gpo_id(self) -> UUID | None:
        """The GPO's GUID, if its name is one."""
        match = _GPO_NAME.match(self.dn)
        return None if match is None else UUID(match["guid"][1:-1])

    def with_options(self, *, disabled: bool, enforced: bool) -> Self:
        """Give the link with both switches set and all other bits as they are.

        Nothing changes, not even the spelling, if they are set that way already.
        """
        options = self.options & ~(_DISABLED | _ENFORCED)
        options |= (_DISABLED if disabled else 0) | (_ENFORCED if enforced else 0)
        return self if options == self.options else replace(self, options_text=str(options))

    @override
    def __str__(self) -> str:
        return f"[{self.scheme}{self.dn};{self.options_text}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class GpLinks:
    """All links of one container, lowest precedence first.

    Link order, as the console counts, runs the other way: order 1 is the last of ``links``.

    Attributes:
        links: The links in the order of the text.
        blank: White space in place of links; Windows leaves a single blank behind when the last
            link is removed.
    """

    links: tuple[GpoLinkText, ...] = ()
    blank: str = ""

    def find(self, gpo_id: UUID) -> GpoLinkText | None:
        """Give the link of a GPO; of several that with the highest precedence."""
        return next((link for link in reversed(self.links) if link.gpo_id == gpo_id), None)

    def link_order(self, gpo_id: UUID) -> int | None:
        """Give the link order of a GPO, 1 being the highest precedence; None if not linked."""
        for order, link in enumerate(reversed(self.links), start=1):
            if link.gpo_id == gpo_id:
                return order
        return None

    def add(self, link: GpoLinkText, *, link_order: int | None = None) -> Self:
        """Give the links with one more.

        Args:
            link: The new link.
            link_order: Place as the console counts, 1 being the highest precedence; None, or a
                number past the end, puts it last in order, as ``New-GPLink`` does.

        Raises:
            CodecError: The GPO is linked already, or the order is less than 1.
        """
        if link.gpo_id is not None and self.find(link.gpo_id) is not None:
            self._fail("GPO", f"{braced(link.gpo_id)} is linked already")
        order = len(self.links) + 1 if link_order is None else link_order
        if order < 1:
            self._fail("link order", f"{order} is less than 1")
        place = max(0, len(self.links) - (order - 1))
        return replace(self, links=(*self.links[:place], link, *self.links[place:]), blank="")

    def with_options(self, gpo_id: UUID, *, disabled: bool, enforced: bool) -> Self:
        """Give the links with the switches of one GPO's link set.

        Raises:
            CodecError: The GPO is not linked.
        """
        place = self._place(gpo_id)
        changed = self.links[place].with_options(disabled=disabled, enforced=enforced)
        return replace(self, links=(*self.links[:place], changed, *self.links[place + 1 :]))

    def move(self, gpo_id: UUID, *, link_order: int) -> Self:
        """Give the links with one GPO's link at another place, counted from 1 as the console does.

        Raises:
            CodecError: The GPO is not linked, or the order is less than 1.
        """
        link = self.links[self._place(gpo_id)]
        return self.remove(gpo_id).add(link, link_order=link_order)

    def remove(self, gpo_id: UUID) -> Self:
        """Give the links without those of one GPO; the others stay as they are."""
        return replace(self, links=tuple(link for link in self.links if link.gpo_id != gpo_id))

    @override
    def __str__(self) -> str:
        return format_gp_link(self)

    def _place(self, gpo_id: UUID) -> int:
        order = self.link_order(gpo_id)
        if order is None:
            self._fail("GPO", f"{braced(gpo_id)} is not linked")
        return len(self.links) - order

    @staticmethod
    def _fail(field: str, reason: str) -> NoReturn:
        raise CodecError(format=_FORMAT, field=field, offset=0, reason=reason)


def parse_gp_link(text: str) -> GpLinks:
    """Read the attribute's text; an absent attribute is the empty text.

    Raises:
        CodecError: Something in it is no link.
    """
    if not text.strip(" "):
        return GpLinks(blank=text)
    links: list[GpoLinkText] = []
    offset = 0
    while offset < len(text):
        match = _LINK.match(text, offset)
        if match is None:
            raise CodecError(
                format=_FORMAT,
                field=f"link {len(links) + 1}",
                offset=offset,
                reason="not of the form [LDAP://<name>;<options>]",
            )
        if int(match["options"]) > _OPTIONS_MAX:
            raise CodecError(
                format=_FORMAT,
                field=f"options of link {len(links) + 1}",
                offset=match.start("options"),
                reason="more than 32 bits",
            )
        links.append(
            GpoLinkText(dn=match["dn"], options_text=match["options"], scheme=match["scheme"])
        )
        offset = match.end()
    return GpLinks(links=tuple(links))


def format_gp_link(links: GpLinks) -> str:
    """Write the attribute's text.

    Raises:
        CodecError: A link would not read back as it is, for example for a bracket in its name.
    """
    text = "".join(str(link) for link in links.links) or links.blank
    if parse_gp_link(text) != links:
        raise CodecError(
            format=_FORMAT, field="links", offset=0, reason="would read back as something else"
        )
    return text

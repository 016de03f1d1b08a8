"""LDAP result codes and Active Directory's extended numbers to typed errors with a cure."""

import re
from dataclasses import dataclass

from ipsec_orchestrator.adapters.authentication.refusals import LOGON
from ipsec_orchestrator.errors import (
    AccessDeniedError,
    AuthenticationError,
    BackendError,
    DirectoryError,
    ObjectExistsError,
)

SUCCESS = 0
NO_SUCH_OBJECT = 32
SASL_IN_PROGRESS = 14
ACCESS_DENIED = 50
_EXISTS = 68

# "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 52e, v4563" and
# "00002071: UpdErr: DSID-031B0C1D, problem 6005 (ENTRY_EXISTS), data 0". Constants of the
# directory service, the same in every language of Windows; only the numbers are read.
_LEADING_NUMBER = re.compile(r"^([0-9A-Fa-f]{8}):")
_LOGON_NUMBER = re.compile(r"\bdata ([0-9A-Fa-f]{1,8})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """A result code in plain words."""

    reason: str
    cure: str | None = None


_LATER = "Try again later; the directory service's event log on the DC says why."
_SIGNING = "Use transport: sealed (with Kerberos or NTLM) or transport: ldaps."

MEANINGS: dict[int, Meaning] = {
    1: Meaning(reason="the directory could not carry out the operation", cure=_LATER),
    2: Meaning(reason="the directory did not understand the request"),
    3: Meaning(reason="the search took longer than the DC allows", cure="Search below a base."),
    4: Meaning(reason="the search found more than the DC gives", cure="Search below a base."),
    7: Meaning(reason="it does not offer this way to authenticate", cure=_SIGNING),
    8: Meaning(reason="it demands signing or TLS", cure=_SIGNING),
    10: Meaning(
        reason="the object belongs to another domain (referral)",
        cure="Use a DC of that domain; referrals are not followed.",
    ),
    11: Meaning(reason="an administrative limit of the DC was exceeded", cure=_LATER),
    12: Meaning(reason="the DC does not know a control that the operation needs"),
    13: Meaning(reason="it demands an encrypted connection", cure=_SIGNING),
    16: Meaning(reason="the object has no such attribute", cure="Read it again, then plan again."),
    17: Meaning(
        reason="the schema has no such attribute",
        cure="Is the IPsec schema there? It is part of every AD since Windows 2000.",
    ),
    18: Meaning(reason="the filter does not suit the attribute"),
    19: Meaning(
        reason="a value breaks a rule of the schema (length, range, or a protected attribute)"
    ),
    20: Meaning(reason="the attribute holds that value already", cure="Plan again."),
    21: Meaning(reason="a value does not have the syntax of its attribute"),
    32: Meaning(
        reason="there is no such object, or its container is missing",
        cure="Check the DN; without the right to list the container it looks the same.",
    ),
    34: Meaning(reason="the DN is malformed", cure="Escape special characters with a backslash."),
    36: Meaning(reason="an alias could not be followed"),
    48: Meaning(reason="it does not accept this kind of credentials", cure=_SIGNING),
    49: Meaning(reason="the credentials are invalid", cure="Check the user's name and password."),
    50: Meaning(reason="the account lacks the right", cure="Delegate it, or use another account."),
    51: Meaning(reason="the DC is busy", cure=_LATER),
    52: Meaning(reason="the DC is not available (starting or stopping)", cure=_LATER),
    53: Meaning(
        reason="the DC is unwilling: a rule of Active Directory forbids it",
        cure="The number after it names the rule; system-owned attributes can't be written.",
    ),
    54: Meaning(reason="the DC found a loop"),
    64: Meaning(reason="the name does not fit the object's class or container"),
    65: Meaning(reason="the object would break its class: an attribute is missing or not allowed"),
    66: Meaning(reason="the object has children", cure="Delete what is below it first."),
    67: Meaning(reason="the name of an object can't be changed like an attribute"),
    68: Meaning(reason="there is an object of that name"),
    69: Meaning(reason="the class of an object can't be changed"),
    71: Meaning(reason="the change would touch several DCs"),
    80: Meaning(reason="the directory failed for another reason", cure=_LATER),
    81: Meaning(reason="the DC is down"),
    85: Meaning(reason="the operation ran out of time", cure=_LATER),
    87: Meaning(reason="the search filter is malformed"),
}

# Win32 numbers in front of the message that say more than the code ([MS-ERREF] 2.2).
EXTENDED: dict[int, Meaning] = {
    0x000004DC: Meaning(
        reason="the connection is not authenticated", cure="Check user, password or ticket."
    ),
    0x000020B9: Meaning(reason="the DC does not hold a writable copy", cure="Use the PDC."),
    0x000020D6: Meaning(reason="the object's class can't be made by hand"),
    0x00002024: Meaning(reason="the directory is shutting down", cure=_LATER),
    0x00002099: Meaning(reason="the parent can't hold an object of that class"),
    0x000020AE: Meaning(
        reason="the role owner could not be reached", cure="Check the DC that holds the role."
    ),
    0x000020B5: Meaning(
        reason="a reference names an object that does not exist",
        cure="Make the object first, then the reference.",
    ),
    0x00002015: Meaning(reason="the object has children", cure="Delete what is below it first."),
}

_AUTHENTICATION = frozenset({7, 8, 13, 48, 49})


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the server answered to one operation.

    Attributes:
        code: LDAP result code.
        diagnostic: The server's diagnostic message, ``""`` if none.
    """

    code: int
    diagnostic: str = ""

    @property
    def extended(self) -> int | None:
        """The Win32 number in front of AD's message."""
        found = _LEADING_NUMBER.match(self.diagnostic)
        return int(found[1], 16) if found else None

    @property
    def logon(self) -> int | None:
        """The number after ``data`` in the message of a refused logon."""
        found = _LOGON_NUMBER.search(self.diagnostic)
        return int(found[1], 16) if found else None


def meaning_of(outcome: Outcome) -> Meaning:
    """Put an outcome into words, by its extended number if known, else by its code."""
    meaning = EXTENDED.get(outcome.extended or 0) or MEANINGS.get(
        outcome.code, Meaning(reason="the directory refused for an unknown reason")
    )
    if outcome.extended is None:
        return meaning
    return Meaning(reason=f"{meaning.reason} [{outcome.extended:08X}]", cure=meaning.cure)


def error_of(outcome: Outcome, *, server: str, dn: str, order: str) -> BackendError:
    """Make the typed error of an outcome that is not success.

    Args:
        outcome: What the server answered.
        server: FQDN of the DC.
        dn: Object of the operation, empty for bind and rootDSE.
        order: The operation in one word, for example ``replace``.
    """
    meaning = meaning_of(outcome)
    if outcome.code in _AUTHENTICATION or outcome.extended == 0x000004DC:  # noqa: PLR2004 - named in the table
        refusal = LOGON.get(outcome.logon or 0) or LOGON.get(outcome.extended or 0)
        if refusal:
            return AuthenticationError(target=server, reason=refusal.reason, cure=refusal.cure)
        return AuthenticationError(target=server, reason=meaning.reason, cure=meaning.cure)
    if outcome.code == ACCESS_DENIED:
        return AccessDeniedError(
            target=dn or server, reason=f"{order}: {meaning.reason}", cure=meaning.cure
        )
    if outcome.code == _EXISTS:
        return ObjectExistsError(object=dn)
    return DirectoryError(
        dn=dn, code=outcome.code, reason=f"{order}: {meaning.reason}", cure=meaning.cure
    )

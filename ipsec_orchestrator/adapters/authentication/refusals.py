"""Numbers of Kerberos, GSSAPI, SSPI and NTSTATUS to plain sentences with a cure.

Only numbers decide; the libraries' texts are localized or change with their versions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from ipsec_orchestrator.errors import AuthenticationError, BackendError, HostUnreachableError

_CLOCK = "Kerberos allows five minutes: set this host's clock by the domain's time (NTP)."
_KINIT = "Get one with kinit, or give user and password."
_CACHE = "Check ccache in the inventory, or get a ticket with kinit."
_FIND_KDC = (
    "Check the realm in krb5.conf (or krb5_conf in the inventory), DNS, and port 88 of the DCs."
)
_SPN = (
    "Use the DC's full DNS name, not its address; the SPN must be registered to that computer only."
)
_PASSWORD = "Check the user's name and password."  # noqa: S105 - a sentence
_CHANGE = "Change the password, then try again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One way to be refused.

    Attributes:
        reason: What is wrong, in plain words.
        cure: What to do.
        unreachable: Whether no server was asked at all (a network matter, not a credential's).
        verdict: Whether it is final for the account: another method would end the same way and
            count as one more bad attempt before the account is locked out.
    """

    reason: str
    cure: str
    unreachable: bool = False
    verdict: bool = False


_UNKNOWN_USER = Refusal(reason="the domain knows no such user", cure=_PASSWORD)
_WRONG = Refusal(reason="the user name or password is wrong", cure=_PASSWORD, verdict=True)
_DISABLED = Refusal(
    reason="the account is disabled or locked out",
    cure="Have the account enabled or unlocked (Unlock-ADAccount).",
    verdict=True,
)
_EXPIRED_PASSWORD = Refusal(reason="the password has expired", cure=_CHANGE, verdict=True)
_EXPIRED_TICKET = Refusal(reason="the Kerberos ticket has expired", cure=_KINIT)
_SKEW = Refusal(reason="this host's clock and the KDC's are too far apart", cure=_CLOCK)
_NO_TICKET = Refusal(reason="there is no Kerberos ticket", cure=_KINIT)
_NO_KDC = Refusal(reason="no KDC was found or answered", cure=_FIND_KDC, unreachable=True)
_NO_SPN = Refusal(reason="the KDC knows no service of that name", cure=_SPN)
_BINDING = Refusal(
    reason="the channel binding was refused",
    cure="Something between us and the DC ends TLS (a proxy?); connect to the DC itself.",
)

# com_err tables of MIT krb5, as unsigned 32 bits: krb5 (base -1765328384) and k5g.
KERBEROS: dict[int, Refusal] = {
    number & 0xFFFFFFFF: refusal
    for number, refusal in {
        -1765328378: _UNKNOWN_USER,  # KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN
        -1765328377: _NO_SPN,  # KRB5KDC_ERR_S_PRINCIPAL_UNKNOWN
        -1765328370: Refusal(  # KRB5KDC_ERR_ETYPE_NOSUPP
            reason="the KDC and this host have no encryption type in common",
            cure="Allow AES for the account (msDS-SupportedEncryptionTypes) and reset its key.",
        ),
        -1765328366: _DISABLED,  # KRB5KDC_ERR_CLIENT_REVOKED
        -1765328361: _EXPIRED_PASSWORD,  # KRB5KDC_ERR_KEY_EXP
        -1765328360: _WRONG,  # KRB5KDC_ERR_PREAUTH_FAILED
        -1765328353: _WRONG,  # KRB5KRB_AP_ERR_BAD_INTEGRITY
        -1765328352: _EXPIRED_TICKET,  # KRB5KRB_AP_ERR_TKT_EXPIRED
        -1765328351: _SKEW,  # KRB5KRB_AP_ERR_TKT_NYV
        -1765328347: _SKEW,  # KRB5KRB_AP_ERR_SKEW
        -1765328316: _NO_KDC,  # KRB5KDC_ERR_WRONG_REALM
        -1765328249: Refusal(  # KRB5_CONFIG_CANTOPEN
            reason="the Kerberos configuration can't be opened",
            cure="Check krb5_conf in the inventory.",
        ),
        -1765328248: Refusal(  # KRB5_CONFIG_BADFORMAT
            reason="the Kerberos configuration is malformed",
            cure="Check krb5_conf in the inventory.",
        ),
        -1765328243: _NO_TICKET,  # KRB5_CC_NOTFOUND
        -1765328230: _NO_KDC,  # KRB5_REALM_UNKNOWN
        -1765328228: _NO_KDC,  # KRB5_KDC_UNREACH
        -1765328203: Refusal(  # KRB5_KT_NOTFOUND
            reason="the keytab has no key for that user",
            cure="List its principals with klist -k and correct user in the inventory.",
        ),
        -1765328190: Refusal(  # KRB5_FCC_PERM
            reason="the credential cache may not be read", cure=_CACHE
        ),
        -1765328189: Refusal(  # KRB5_FCC_NOFILE
            reason="the credential cache does not exist", cure=_CACHE
        ),
        -1765328185: Refusal(  # KRB5_CC_FORMAT
            reason="the credential cache is damaged", cure=_CACHE
        ),
        -1765328164: _NO_KDC,  # KRB5_REALM_CANT_RESOLVE
        -1765328160: Refusal(  # KRB5_CONFIG_NODEFREALM
            reason="there is no default realm", cure=_FIND_KDC
        ),
        39756043: Refusal(  # KG_CCACHE_NOMATCH
            reason="the credential cache holds a ticket of another user", cure=_CACHE
        ),
        39756044: _NO_TICKET,  # KG_EMPTY_CCACHE
    }.items()
}

# [MS-ERREF] 2.1: SECURITY_STATUS values that SSPI returns.
SSPI: dict[int, Refusal] = {
    0x80090303: _NO_SPN,  # SEC_E_TARGET_UNKNOWN
    0x8009030C: _WRONG,  # SEC_E_LOGON_DENIED
    0x8009030E: _NO_TICKET,  # SEC_E_NO_CREDENTIALS
    0x80090311: _NO_KDC,  # SEC_E_NO_AUTHENTICATING_AUTHORITY
    0x80090322: _NO_SPN,  # SEC_E_WRONG_PRINCIPAL
    0x80090324: _SKEW,  # SEC_E_TIME_SKEW
    0x80090328: _EXPIRED_TICKET,  # SEC_E_CERT_EXPIRED, used for logon sessions too
    0x80090346: _BINDING,  # SEC_E_BAD_BINDINGS
}

# Win32 codes of a refused logon ([MS-ERREF] 2.2), as in "data 52e" of AD's LDAP answer.
LOGON: dict[int, Refusal] = {
    0x57: Refusal(
        # ERROR_INVALID_PARAMETER: Samba (seen with 4.17) wants an NTLM session key even where
        # [MS-NLMP] 3.1.5.1.2 sends none, because TLS does the sealing.
        reason="the logon token was not understood",
        cure="A Samba DC takes no NTLM inside TLS: use Kerberos, or transport: sealed.",
    ),
    0x525: _UNKNOWN_USER,
    0x52E: _WRONG,
    0x530: Refusal(
        reason="the account may not log on at this hour",
        cure="Change the account's logon hours, or wait.",
    ),
    0x531: Refusal(
        reason="the account may not log on from this workstation",
        cure="Change the account's list of workstations.",
    ),
    0x532: _EXPIRED_PASSWORD,
    0x533: _DISABLED,
    0x569: Refusal(
        reason="the account lacks this type of logon",
        cure="Give it 'Access this computer from the network' on the DC.",
    ),
    0x701: Refusal(reason="the account has expired", cure="Have its expiry date moved."),
    0x773: Refusal(reason="the password must be changed before the first logon", cure=_CHANGE),
    0x775: _DISABLED,
    0x80090346: _BINDING,
}

# NTSTATUS values of a refused logon ([MS-ERREF] 2.3), as SMB answers.
STATUS: dict[int, Refusal] = {
    0xC0000064: _UNKNOWN_USER,
    0xC000006A: _WRONG,
    0xC000006D: _WRONG,
    0xC000006E: LOGON[0x531],
    0xC000006F: LOGON[0x530],
    0xC0000070: LOGON[0x531],
    0xC0000071: _EXPIRED_PASSWORD,
    0xC0000072: _DISABLED,
    0xC0000133: _SKEW,
    0xC000015B: LOGON[0x569],
    0xC0000193: LOGON[0x701],
    0xC0000224: LOGON[0x773],
    0xC0000234: _DISABLED,
}


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Give the error and what it wraps or was raised from."""
    queue: list[BaseException | None] = [error]
    seen: set[int] = set()
    while queue:
        current = queue.pop(0)
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        wrapped = getattr(current, "base_error", None)
        queue.append(wrapped if isinstance(wrapped, BaseException) else None)
        queue += [current.__cause__, current.__context__]


def _numbers(error: BaseException) -> Iterator[int]:
    """Give the error numbers that libraries attach: gssapi, krb5, Windows."""
    for attribute in ("min_code", "err_code", "winerror"):
        number = getattr(error, attribute, None)
        if isinstance(number, int):
            yield number & 0xFFFFFFFF


def refusal_of(error: BaseException) -> Refusal | None:
    """Find out what a failure of gssapi, krb5, SSPI or pyspnego means; ``None`` if unknown."""
    for link in _chain(error):
        for number in _numbers(link):
            refusal = KERBEROS.get(number) or SSPI.get(number)
            if refusal:
                return refusal
    return None


def logon_failure(error: BaseException, *, target: str) -> BackendError:
    """Make our error out of a failure of the security libraries.

    Args:
        error: What gssapi, krb5, SSPI or pyspnego raised.
        target: FQDN of the server, or the principal.
    """
    refusal = refusal_of(error)
    if refusal is None:
        return AuthenticationError(
            target=target,
            reason=f"the security library says: {str(error).strip().rstrip('.')}",
            cure="Check user, password or ticket; auth: ntlm or kerberos narrows it down.",
        )
    if refusal.unreachable:
        return HostUnreachableError(host=target, reason=refusal.reason, cure=refusal.cure)
    return AuthenticationError(target=target, reason=refusal.reason, cure=refusal.cure)


def raise_for_kerberos(error: BaseException, *, target: str) -> NoReturn:
    """Raise what :func:`logon_failure` makes of the error, chained to it."""
    raise logon_failure(error, target=target) from error

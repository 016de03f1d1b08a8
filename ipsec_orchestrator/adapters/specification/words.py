"""Words that are refused with a reason: authentication methods, tunnels, assignments."""

from typing import Annotated, TypeAlias

from pydantic import PlainValidator, WithJsonSchema

from ipsec_orchestrator.adapters.specification.fields import quoted, wrong
from ipsec_orchestrator.model.policy import Authentication
from ipsec_orchestrator.model.suggestion import did_you_mean

_CERTIFICATE = (
    "certificates can't be used: how the directory stores a certification authority is not proved "
    "by any real object; use kerberos."
)
_PRE_SHARED_KEY = (
    "pre-shared keys can't be used: the directory stores them as readable text, and every computer "
    "of the policy can read it; use kerberos."
)
_NTLM = (
    "NTLMv2 is not among the authentication methods of IP security policies; it exists only in the "
    "rules of Windows Firewall. Use kerberos."
)

# What the article and netsh call the methods, with the reason why each is refused.
_REFUSED = {
    "certificate": _CERTIFICATE,
    "cert": _CERTIFICATE,
    "rootca": _CERTIFICATE,
    "psk": _PRE_SHARED_KEY,
    "preshared-key": _PRE_SHARED_KEY,
    "preshared key": _PRE_SHARED_KEY,
    "pre-shared-key": _PRE_SHARED_KEY,
    "pre-shared key": _PRE_SHARED_KEY,
    "ntlm": _NTLM,
    "ntlmv2": _NTLM,
}


def _authentication(value: object) -> str:
    if not isinstance(value, str):
        raise wrong("must be a word; allowed is kerberos.")
    word = value.strip().casefold()
    if word in tuple(Authentication):
        return word
    reason = _REFUSED.get(word)
    if reason is not None:
        raise wrong(reason)
    hint = did_you_mean(word, (*Authentication, *_REFUSED))
    raise wrong(f"{quoted(value)} is no authentication method; allowed is kerberos.{hint}")


def _tunnel(value: object) -> str:
    if isinstance(value, str) and value.strip().casefold() == "none":
        return "none"
    raise wrong("tunnels are not made; only 'none' (transport mode) is allowed.")


def _assigned(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        raise wrong("a computer has one assigned policy at a time; name one policy.")
    raise wrong("must be the name of a policy.")


AuthenticationWord: TypeAlias = Annotated[
    str,
    PlainValidator(_authentication),
    WithJsonSchema({"enum": list(Authentication)}),
]
TunnelWord: TypeAlias = Annotated[
    str,
    PlainValidator(_tunnel),
    WithJsonSchema({"const": "none"}),
]
AssignedPolicy: TypeAlias = Annotated[
    str,
    PlainValidator(_assigned),
    WithJsonSchema({"type": "string"}),
]

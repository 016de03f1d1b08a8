"""The one place that imports ldap3: it warns at import, and its types are unknown to checkers."""

import warnings
from typing import Any, cast

with warnings.catch_warnings():
    # ldap3 2.9.1 on pyasn1 0.6: "tagMap is deprecated. Please use TAG_MAP instead."
    warnings.simplefilter("ignore", DeprecationWarning)
    import ldap3 as _ldap3
    from ldap3.core.exceptions import (
        LDAPCommunicationError,
        LDAPExceptionError,
        LDAPInvalidFilterError,
        LDAPResponseTimeoutError,
    )
    from ldap3.protocol import controls as _controls
    from ldap3.protocol import microsoft as _microsoft
    from ldap3.protocol.sasl import sasl as _sasl

# Deliberately untyped: the stubs of ldap3 leave most of it unknown.
ldap3: Any = _ldap3
security_descriptor_control: Any = cast("Any", _microsoft).security_descriptor_control
build_control: Any = cast("Any", _controls).build_control
Tls = _ldap3.Tls
send_sasl_negotiation: Any = cast("Any", _sasl).send_sasl_negotiation

__all__ = [
    "LDAPCommunicationError",
    "LDAPExceptionError",
    "LDAPInvalidFilterError",
    "LDAPResponseTimeoutError",
    "Tls",
    "build_control",
    "ldap3",
    "security_descriptor_control",
    "send_sasl_negotiation",
]

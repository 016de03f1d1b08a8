"""The XML documents that the service gives about itself and its shells."""

import time
from collections.abc import Mapping
from typing import Final, TypeAlias
from xml.sax.saxutils import escape

from ipsec_orchestrator.lab.winrm.settings import HostSettings
from ipsec_orchestrator.lab.winrm.shells import Shell

PSRP_PREFIX: Final = "http://schemas.microsoft.com/powershell/"
_CONFIG_NAMESPACE: Final = "http://schemas.microsoft.com/wbem/wsman/1/config"
_IDENTITY_NAMESPACE: Final = "http://schemas.dmtf.org/wbem/wsman/identify/1/wsmanidentity.xsd"
_RESOURCE_VERSION: Final = "OS: 10.0.20348 SP: 0.0 Stack: 3.0"
_DAY, _HOUR, _MINUTE = 86400, 3600, 60
_Tree: TypeAlias = "Mapping[str, str | int | _Tree]"


def identity_document() -> str:
    """Answer to Identify."""
    return (
        f'<wsmid:IdentifyResponse xmlns:wsmid="{_IDENTITY_NAMESPACE}">'
        "<wsmid:ProtocolVersion>http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
        "</wsmid:ProtocolVersion><wsmid:ProductVendor>Microsoft Corporation"
        f"</wsmid:ProductVendor><wsmid:ProductVersion>{_RESOURCE_VERSION}"
        "</wsmid:ProductVersion></wsmid:IdentifyResponse>"
    )


def service_document(settings: HostSettings) -> str:
    """Give ``winrm/config`` of this host: what is enforced here, Windows' defaults elsewhere."""
    quotas = settings.quotas
    tree: _Tree = {
        "MaxEnvelopeSizekb": quotas.max_envelope_kilobytes,
        "MaxTimeoutms": 60000,
        "MaxBatchItems": 32000,
        "MaxProviderRequests": 4294967295,
        "Service": {
            "MaxConcurrentOperationsPerUser": 1500,
            "EnumerationTimeoutms": 240000,
            "MaxConnections": 300,
            "AllowUnencrypted": "false",
            "Auth": {
                "Basic": "false",
                "Kerberos": "true",
                "Negotiate": "true",
                "Certificate": "false",
                "CredSSP": "false",
                "CbtHardeningLevel": "Relaxed",
            },
            "DefaultPorts": {
                "HTTP": settings.http_port or 5985,
                "HTTPS": settings.https_port or 5986,
            },
            "AllowRemoteAccess": "true",
        },
        "Winrs": {
            "AllowRemoteShellAccess": "true",
            "IdleTimeout": round(quotas.idle_timeout_seconds * 1000),
            "MaxProcessesPerShell": 2147483647,
            "MaxMemoryPerShellMB": 2147483647,
            "MaxShellsPerUser": quotas.max_shells_per_user,
        },
    }
    return f'<cfg:Config xmlns:cfg="{_CONFIG_NAMESPACE}">{_nested(tree)}</cfg:Config>'


def _nested(tree: _Tree) -> str:
    parts = ""
    for name, value in tree.items():
        content = _nested(value) if isinstance(value, Mapping) else escape(str(value))
        parts += f"<cfg:{name}>{content}</cfg:{name}>"
    return parts


def shell_document(shell: Shell) -> str:
    """Describe a shell as Create, Get and Enumerate do."""
    now = time.monotonic()
    inactive_seconds = 0.0 if shell.requests else now - shell.used_at
    fields: dict[str, object] = {
        "ShellId": shell.shell_id,
        "ResourceUri": shell.resource_uri,
        "Owner": shell.owner,
        "ClientIP": shell.client_address,
    }
    if shell.resource_uri.startswith(PSRP_PREFIX):
        fields["ProcessId"] = shell.backend.process_id
    fields |= {
        "IdleTimeOut": f"PT{shell.idle_timeout_seconds:.3f}S",
        "InputStreams": shell.input_streams,
        "OutputStreams": shell.output_streams,
    }
    if shell.resource_uri.startswith(PSRP_PREFIX):
        fields |= {
            "MaxIdleTimeOut": "PT2147483.647S",
            "Locale": "en-US",
            "DataLocale": "en-US",
            "CompressionMode": "NoCompression",
            "ProfileLoaded": "Yes",
            "Encoding": "UTF8",
            "BufferMode": "Block",
            "State": "Connected" if shell.connected else "Disconnected",
        }
    fields |= {
        "ShellRunTime": _duration(now - shell.created_at),
        "ShellInactivity": _duration(inactive_seconds),
    }
    content = "".join(
        f"<rsp:{name}>{escape(str(text))}</rsp:{name}>" for name, text in fields.items()
    )
    return f"<rsp:Shell>{content}</rsp:Shell>"


def _duration(seconds: float) -> str:
    whole = int(seconds)
    return (
        f"P{whole // _DAY}DT{whole % _DAY // _HOUR}H{whole % _HOUR // _MINUTE}M{whole % _MINUTE}S"
    )

"""The two files that charon reads, as text."""

from ipsec_orchestrator.lab.wire.guest.keying import LOG, VICI
from ipsec_orchestrator.lab.wire.guest_policy import Child, Connection, GuestPolicy

FIRST_RETRANSMISSION_SECONDS = 1.0
RETRANSMISSIONS = 4
"""After about 20 s without an answer a peer is given up."""

ACQUIRE_SECONDS = 4
"""How long a failed negotiation keeps the next packet from starting another one."""

DAEMON_SETTINGS = f"""charon-systemd {{
  load = openssl nonce kernel-netlink socket-default vici
  install_routes = no
  threads = 8
  retransmit_timeout = {FIRST_RETRANSMISSION_SECONDS}
  retransmit_tries = {RETRANSMISSIONS}
  plugins {{
    kernel-netlink {{
      xfrm_acq_expires = {ACQUIRE_SECONDS}
    }}
    vici {{
      socket = {VICI}
    }}
  }}
  filelog {{
    log {{
      path = {LOG}
      time_format = %s
      time_add_ms = yes
      append = yes
      flush_line = yes
      ike_name = yes
      default = 1
    }}
  }}
}}
swanctl {{
  load = openssl
}}
"""


def connections_text(policy: GuestPolicy) -> str:
    """Give swanctl.conf with its keys; empty if nothing is negotiated."""
    if not policy.connections:
        return ""
    connections = "".join(_connection(connection) for connection in policy.connections)
    secrets = "".join(_secret(connection) for connection in policy.connections)
    return f"connections {{\n{connections}}}\nsecrets {{\n{secrets}}}\n"


def _connection(connection: Connection) -> str:
    children = "".join(_child(child, connection) for child in connection.children)
    rekey_seconds = _earlier(connection.lifetime_seconds)
    return f"""  {connection.name} {{
    version = 1
    local_addrs = {connection.local}
    remote_addrs = {connection.remote}
    proposals = {", ".join(connection.proposals)}
    mobike = no
    rekey_time = {rekey_seconds}
    over_time = {connection.lifetime_seconds - rekey_seconds}
    rand_time = 0
    local {{
      auth = psk
    }}
    remote {{
      auth = psk
    }}
    children {{
{children}    }}
  }}
"""


def _child(child: Child, connection: Connection) -> str:
    # The kernel's policies are ours: charon's own know neither fallback nor single directions.
    volume = ""
    if child.lifetime_bytes:
        volume = f"""        life_bytes = {child.lifetime_bytes}
        rekey_bytes = {_earlier(child.lifetime_bytes)}
        rand_bytes = 0
"""
    return f"""      {child.name} {{
        mode = transport
        policies = no
        start_action = trap
        reqid = {child.request_id}
        local_ts = {connection.local}/32{_selector(child.ip_protocol, child.local_port)}
        remote_ts = {connection.remote}/32{_selector(child.ip_protocol, child.remote_port)}
        {child.protocol}_proposals = {", ".join(child.proposals)}
        life_time = {child.lifetime_seconds}
        rekey_time = {_earlier(child.lifetime_seconds)}
        rand_time = 0
{volume}      }}
"""


def _secret(connection: Connection) -> str:
    return f"""  ike-{connection.name} {{
    id-1 = {connection.local}
    id-2 = {connection.remote}
    secret = 0x{connection.key.reveal()}
  }}
"""


def _selector(protocol: int, port: int) -> str:
    if not protocol:
        return ""
    return f"[{protocol}/{port}]" if port else f"[{protocol}]"


def _earlier(limit: int) -> int:
    """Give when to renew, so that the old one still lives while the new one is made."""
    return max(1, limit * 9 // 10)

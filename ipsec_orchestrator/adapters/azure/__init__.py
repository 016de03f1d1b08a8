"""The Azure side, read through the real SDK clients; nothing here changes anything there.

The SDKs are the extra ``[azure]``: only :func:`open_azure` is imported without them, and it says
what to install. ``reader`` asks, ``translation`` turns the SDK's models into values, ``failures``
its exceptions into ours, ``credentials`` finds out who we are, ``clients`` holds connections.
"""

from ipsec_orchestrator.adapters.azure.opening import open_azure

__all__ = ["open_azure"]

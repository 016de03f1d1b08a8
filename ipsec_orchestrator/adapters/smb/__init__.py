"""SYSVOL over SMB, built on smbprotocol: signed always, encrypted where SMB 3 is spoken."""

from ipsec_orchestrator.adapters.smb.gpos import SmbGpos
from ipsec_orchestrator.adapters.smb.share import Share, ShareEndpoint
from ipsec_orchestrator.adapters.smb.sysvol import SmbSysvol

__all__ = ["Share", "ShareEndpoint", "SmbGpos", "SmbSysvol"]

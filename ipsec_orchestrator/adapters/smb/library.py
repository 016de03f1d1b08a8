"""The one place that loads smbprotocol, which has no types: everything from it is ``Any``."""

from importlib import import_module
from typing import Any

connection: Any = import_module("smbprotocol.connection")
exceptions: Any = import_module("smbprotocol.exceptions")
file_info: Any = import_module("smbprotocol.file_info")
files: Any = import_module("smbprotocol.open")
session: Any = import_module("smbprotocol.session")
tree: Any = import_module("smbprotocol.tree")

SmbError: type[Exception] = exceptions.SMBException
ResponseError: type[Exception] = exceptions.SMBResponseException
LogonError: type[Exception] = exceptions.SMBAuthenticationError
ClosedError: type[Exception] = exceptions.SMBConnectionClosed
EndOfFileError: type[Exception] = exceptions.EndOfFile
NoMoreFilesError: type[Exception] = exceptions.NoMoreFiles

__all__ = [
    "ClosedError",
    "EndOfFileError",
    "LogonError",
    "NoMoreFilesError",
    "ResponseError",
    "SmbError",
    "connection",
    "exceptions",
    "file_info",
    "files",
    "session",
    "tree",
]

"""Files and folders on a connected share: read, write in place, make, list, delete, protect."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ipsec_orchestrator.adapters.smb.library import (
    EndOfFileError,
    NoMoreFilesError,
    file_info,
    files,
)

_ACCESS: Any = files.FilePipePrinterAccessMask
_DISPOSITION: Any = files.CreateDisposition
_OPTIONS: Any = files.CreateOptions
_SHARE: Any = files.ShareAccess
_ATTRIBUTES: Any = file_info.FileAttributes
_CLASSES: Any = file_info.FileInformationClass
_INFORMATION: Any = files.InfoAdditionalInformation

_PIECE_BYTES = 64 * 1024
_DESCRIPTOR_BYTES = 64 * 1024
_SECURITY: int = file_info.InfoType.SMB2_0_INFO_SECURITY
# [MS-DTYP] 2.4.6 and [MS-SMB2] 2.2.39; the library spells the first one wrong.
_OWNER_GROUP_DACL = 0x1 | 0x2 | 0x4
_DACL = 0x4


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One entry of a folder."""

    name: str
    is_folder: bool


@contextmanager
def _opened(
    tree: Any,  # noqa: ANN401 - smbprotocol's tree
    path: str,
    *,
    access: int,
    disposition: int,
    options: int,
    share: int = 0,
    attributes: int = 0,
) -> Generator[Any]:
    opened: Any = files.Open(tree, path)
    opened.create(
        files.ImpersonationLevel.Impersonation,
        access,
        attributes,
        share or _SHARE.FILE_SHARE_READ,
        disposition,
        options,
    )
    try:
        yield opened
    finally:
        if opened.connection.transport.connected:
            opened.close()


def read_file(tree: Any, path: str) -> bytes:  # noqa: ANN401 - smbprotocol's tree
    """Read a file whole."""
    pieces: list[bytes] = []
    offset = 0
    with _opened(
        tree,
        path,
        access=_ACCESS.FILE_READ_DATA | _ACCESS.FILE_READ_ATTRIBUTES,
        disposition=_DISPOSITION.FILE_OPEN,
        options=_OPTIONS.FILE_NON_DIRECTORY_FILE,
        share=_SHARE.FILE_SHARE_READ | _SHARE.FILE_SHARE_WRITE | _SHARE.FILE_SHARE_DELETE,
    ) as opened:
        while offset < opened.end_of_file:
            try:
                piece: bytes = opened.read(offset, _PIECE_BYTES)
            except EndOfFileError:
                break  # somebody made it shorter meanwhile
            pieces.append(piece)
            offset += len(piece)
    return b"".join(pieces)


def write_file(tree: Any, path: str, content: bytes) -> None:  # noqa: ANN401 - smbprotocol's tree
    """Write a file in place, so that it stays the file that it is, with its ACL and owner.

    The new content goes over the old one first and the length is set last: a reader never meets
    an empty file. Others may read meanwhile, nobody may write.
    """
    with _opened(
        tree,
        path,
        access=_ACCESS.FILE_WRITE_DATA | _ACCESS.FILE_WRITE_ATTRIBUTES,
        disposition=_DISPOSITION.FILE_OPEN_IF,
        options=_OPTIONS.FILE_NON_DIRECTORY_FILE | _OPTIONS.FILE_WRITE_THROUGH,
        attributes=_ATTRIBUTES.FILE_ATTRIBUTE_NORMAL,
    ) as opened:
        for offset in range(0, len(content), _PIECE_BYTES):
            opened.write(content[offset : offset + _PIECE_BYTES], offset)
        end: Any = file_info.FileEndOfFileInformation()
        end["end_of_file"] = len(content)
        _set(
            tree,
            opened,
            info_type=file_info.InfoType.SMB2_0_INFO_FILE,
            info_class=_CLASSES.FILE_END_OF_FILE_INFORMATION,
            content=end.pack(),
        )
        opened.flush()


def make_folder(tree: Any, path: str) -> None:  # noqa: ANN401 - smbprotocol's tree
    """Make a folder unless it is there."""
    with _opened(
        tree,
        path,
        access=_ACCESS.FILE_READ_ATTRIBUTES,
        disposition=_DISPOSITION.FILE_OPEN_IF,
        options=_OPTIONS.FILE_DIRECTORY_FILE,
        share=_SHARE.FILE_SHARE_READ | _SHARE.FILE_SHARE_WRITE,
        attributes=_ATTRIBUTES.FILE_ATTRIBUTE_DIRECTORY,
    ):
        pass


def list_folder(tree: Any, path: str) -> tuple[Child, ...]:  # noqa: ANN401 - smbprotocol's tree
    """List what is in a folder."""
    found: list[Child] = []
    with _opened(
        tree,
        path,
        access=files.DirectoryAccessMask.FILE_LIST_DIRECTORY,
        disposition=_DISPOSITION.FILE_OPEN,
        options=_OPTIONS.FILE_DIRECTORY_FILE,
        share=_SHARE.FILE_SHARE_READ | _SHARE.FILE_SHARE_WRITE | _SHARE.FILE_SHARE_DELETE,
    ) as opened:
        while True:
            try:
                entries: list[Any] = opened.query_directory(
                    "*", _CLASSES.FILE_DIRECTORY_INFORMATION
                )
            except NoMoreFilesError:
                break
            for entry in entries:
                name: str = entry["file_name"].get_value().decode("utf-16-le")
                folder: bool = entry["file_attributes"].has_flag(
                    _ATTRIBUTES.FILE_ATTRIBUTE_DIRECTORY
                )
                if name not in {".", ".."}:
                    found.append(Child(name=name, is_folder=folder))
    return tuple(found)


def delete(tree: Any, path: str, *, is_folder: bool) -> None:  # noqa: ANN401 - smbprotocol's tree
    """Delete a file or an empty folder."""
    kind: int = _OPTIONS.FILE_DIRECTORY_FILE if is_folder else _OPTIONS.FILE_NON_DIRECTORY_FILE
    with _opened(
        tree,
        path,
        access=_ACCESS.DELETE | _ACCESS.FILE_READ_ATTRIBUTES,
        disposition=_DISPOSITION.FILE_OPEN,
        options=kind | _OPTIONS.FILE_DELETE_ON_CLOSE,
        share=_SHARE.FILE_SHARE_READ | _SHARE.FILE_SHARE_WRITE | _SHARE.FILE_SHARE_DELETE,
    ):
        pass


def read_descriptor(tree: Any, path: str) -> bytes:  # noqa: ANN401 - smbprotocol's tree
    """Read owner, group and DACL of a file or folder as a self-relative descriptor."""
    with _opened(
        tree,
        path,
        access=_ACCESS.READ_CONTROL,
        disposition=_DISPOSITION.FILE_OPEN,
        options=0,
        share=_SHARE.FILE_SHARE_READ | _SHARE.FILE_SHARE_WRITE | _SHARE.FILE_SHARE_DELETE,
    ) as opened:
        query: Any = files.SMB2QueryInfoRequest()
        query["info_type"] = _SECURITY
        query["output_buffer_length"] = _DESCRIPTOR_BYTES
        query["additional_information"] = _OWNER_GROUP_DACL
        query["file_id"] = opened.file_id
        answer: Any = files.SMB2QueryInfoResponse()
        answer.unpack(_exchange(tree, query))
        return bytes(answer["buffer"].get_value())


def write_access_list(tree: Any, path: str, descriptor: bytes) -> None:  # noqa: ANN401 - smbprotocol's tree
    """Set the DACL of a file or folder; owner and group stay."""
    with _opened(
        tree,
        path,
        access=_ACCESS.WRITE_DAC | _ACCESS.READ_CONTROL,
        disposition=_DISPOSITION.FILE_OPEN,
        options=0,
        share=_SHARE.FILE_SHARE_READ | _SHARE.FILE_SHARE_WRITE | _SHARE.FILE_SHARE_DELETE,
    ) as opened:
        _set(
            tree,
            opened,
            info_type=_SECURITY,
            info_class=_CLASSES.FILE_NONE,
            content=descriptor,
            additional=_DACL,
        )


def write_descriptor(tree: Any, path: str, descriptor: bytes) -> None:  # noqa: ANN401 - smbprotocol's tree
    """Set owner, group and DACL of a file or folder."""
    with _opened(
        tree,
        path,
        access=_ACCESS.WRITE_DAC | _ACCESS.WRITE_OWNER | _ACCESS.READ_CONTROL,
        disposition=_DISPOSITION.FILE_OPEN,
        options=0,
        share=_SHARE.FILE_SHARE_READ | _SHARE.FILE_SHARE_WRITE,
    ) as opened:
        _set(
            tree,
            opened,
            info_type=_SECURITY,
            info_class=_CLASSES.FILE_NONE,
            content=descriptor,
            additional=_OWNER_GROUP_DACL,
        )


def _set(
    tree: Any,  # noqa: ANN401 - smbprotocol's tree
    opened: Any,  # noqa: ANN401 - smbprotocol's open
    *,
    info_type: int,
    info_class: int,
    content: bytes,
    additional: int = 0,
) -> None:
    order: Any = files.SMB2SetInfoRequest()
    order["info_type"] = info_type
    order["file_info_class"] = info_class
    order["additional_information"] = additional
    order["file_id"] = opened.file_id
    order["buffer"] = content
    _exchange(tree, order)


def _exchange(tree: Any, message: Any) -> bytes:  # noqa: ANN401 - smbprotocol's tree and message
    wire: Any = tree.session.connection
    request: Any = wire.send(message, sid=tree.session.session_id, tid=tree.tree_connect_id)
    answer: Any = wire.receive(request)
    return bytes(answer["data"].get_value())

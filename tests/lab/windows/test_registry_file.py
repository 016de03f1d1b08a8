"""The registry file, alone and shared with the PowerShell engine."""

import os
import subprocess
import threading
from pathlib import Path

import pytest

from ipsec_orchestrator.lab.windows.registry_file import (
    RegistryFile,
    RegistryValue,
    ValueKind,
    binary_value,
    number_value,
    text_value,
    texts_value,
)
from tests.lacking import lacking

KEY = r"HKLM\SOFTWARE\Policies\X"
VALUES = {
    "Text": text_value("Größe"),
    "Number": number_value(-1),
    "Bytes": binary_value(bytes(range(256))),
    "Texts": texts_value(["a", "b"]),
}


def test_values_are_read_as_they_were_written(tmp_path: Path) -> None:
    """Every kind survives; names and keys are case-blind."""
    registry = RegistryFile(tmp_path / "r.json")

    with registry.change() as keys:
        keys.set_values(KEY, VALUES)

    read = registry.read()
    assert read.values(KEY.upper().replace("HKLM", "HKLM")) == VALUES
    assert read.value(KEY, "NUMBER") == number_value(0xFFFFFFFF)


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    """A registry without a file is an empty one."""
    read = RegistryFile(tmp_path / "r.json").read()

    assert read.values(KEY) is None
    assert read.value(KEY, "Text") is None
    assert read.subkeys(KEY) == ()


def test_deleting_takes_all_below_and_nothing_beside(tmp_path: Path) -> None:
    """A key goes with its children; deleting twice does no harm."""
    registry = RegistryFile(tmp_path / "r.json")
    with registry.change() as keys:
        keys.set_values(rf"{KEY}\A\B", VALUES)
        keys.set_values(rf"{KEY}\C", VALUES)

    with registry.change() as keys:
        keys.delete_key(rf"{KEY}\a")
        keys.delete_key(rf"{KEY}\a")
        keys.delete_value(rf"{KEY}\C", "text")

    read = registry.read()
    assert read.subkeys(KEY) == ("C",)
    assert set(read.values(rf"{KEY}\C") or {}) == {"Number", "Bytes", "Texts"}


def test_a_failed_change_leaves_the_file_alone(tmp_path: Path) -> None:
    """An exception inside of the block writes nothing and frees the lock."""
    registry = RegistryFile(tmp_path / "r.json")
    with registry.change() as keys:
        keys.set_values(KEY, VALUES)

    def fail() -> None:
        with registry.change() as keys:
            keys.delete_key(KEY)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    with registry.change() as keys:
        assert keys.values(KEY) == VALUES


def test_writers_take_turns(tmp_path: Path) -> None:
    """Concurrent changes are all there in the end."""
    registry = RegistryFile(tmp_path / "r.json")

    def write(number: int) -> None:
        with registry.change() as keys:
            keys.set_values(KEY, {f"V{number}": number_value(number)})

    threads = [threading.Thread(target=write, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(registry.read().values(KEY) or {}) == 20


def test_the_engine_reads_and_writes_the_same_file(tmp_path: Path) -> None:
    """What PowerShell writes we read, kind by kind, and the other way round."""
    path = os.environ.get("IPSEC_LAB_POWERSHELL", "")
    if not path:
        lacking("IPSEC_LAB_POWERSHELL does not name a PowerShell")
    registry = RegistryFile(tmp_path / "r.json")
    with registry.change() as keys:
        keys.set_values(KEY, VALUES)
    script = (
        rf"$k = 'HKLM:\{KEY[5:]}'; "
        "(Get-ItemProperty -LiteralPath $k).Text + ' ' + (Get-ItemProperty -LiteralPath $k).Texts[1];"
        "New-ItemProperty -Path $k -Name Expand -Value '%windir%' -PropertyType ExpandString | Out-Null;"
        "New-ItemProperty -Path $k -Name Long -Value 5000000000 -PropertyType QWord | Out-Null"
    )

    done = subprocess.run(
        [path, "-NoProfile", "-NonInteractive", "-Command", script],
        env={**os.environ, "PSLAB_REGISTRY": str(registry.path), "PSLAB_PRETEND_51": "1"},
        capture_output=True,
        timeout=60,
        check=True,
    )

    assert done.stdout.decode().strip() == "Größe b"
    read = registry.read()
    assert read.value(KEY, "Bytes") == VALUES["Bytes"]
    assert read.value(KEY, "Long") == RegistryValue(kind=ValueKind.QWORD, content=5_000_000_000)
    assert read.value(KEY, "Expand") == RegistryValue(
        kind=ValueKind.EXPAND_STRING,
        content="%windir%",
    )

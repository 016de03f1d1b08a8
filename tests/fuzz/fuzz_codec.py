"""Coverage-guided search for bytes that a codec neither refuses nor keeps.

``python tests/fuzz/fuzz_codec.py --runs 100000`` (or ``--seconds 60``). Starts from the blobs in
``tests/vectors`` and stops at the first input that breaks a law, printing it.
"""

import argparse
import importlib
import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_VECTORS = _ROOT / "tests" / "vectors"
_CLASSES = (
    "ipsecPolicy",
    "ipsecISAKMPPolicy",
    "ipsecNFA",
    "ipsecNegotiationPolicy",
    "ipsecFilter",
)

_Law = Callable[[bytes], None]


def main() -> int:
    """Fuzz until the runs or the seconds are used up; 0 if every law held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100_000, help="number of inputs")
    parser.add_argument("--seconds", type=int, default=0, help="stop after so long; 0 is never")
    parser.add_argument("--corpus", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        print("Fuzzing needs the package atheris: pip install atheris", file=sys.stderr)  # noqa: T201 - a program of its own
        return 1
    if options.corpus is not None:
        _fuzz(options.corpus, runs=options.runs, seconds=options.seconds)
        return 0
    # The fuzzer ends its process on a finding, so that the folder is cleaned up by another one.
    with tempfile.TemporaryDirectory() as corpus:
        _write_corpus(Path(corpus))
        again = [sys.executable, __file__, *sys.argv[1:], "--corpus", corpus]
        return subprocess.run(again, check=False).returncode


def _fuzz(corpus: Path, *, runs: int, seconds: int) -> None:
    sys.path.insert(0, str(_ROOT))
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["ipsec_orchestrator.codec"]):
        law = _law()
    arguments = [
        sys.argv[0],
        f"-runs={runs}",
        f"-max_total_time={seconds}",
        "-max_len=4096",
        f"-artifact_prefix={corpus}/",
        str(corpus),
    ]
    atheris.Setup(arguments, law)
    atheris.Fuzz()


def _law() -> _Law:
    codec = importlib.import_module("ipsec_orchestrator.codec")
    gp_link = importlib.import_module("ipsec_orchestrator.codec.gp_link")
    names = importlib.import_module("ipsec_orchestrator.codec.extension_names")
    gpt_ini = importlib.import_module("ipsec_orchestrator.codec.gpt_ini")
    descriptors = importlib.import_module("ipsec_orchestrator.codec.security_descriptor")
    refusal = importlib.import_module("ipsec_orchestrator.errors").CodecError

    def check(subject: int, content: bytes) -> None:
        text = content.decode("utf-8", errors="replace")
        if subject < len(_CLASSES):
            again = codec.encode(codec.decode(_CLASSES[subject], content))
            _demand(again == content)
        elif subject == len(_CLASSES):
            _demand(gp_link.format_gp_link(gp_link.parse_gp_link(text)) == text)
        elif subject == len(_CLASSES) + 1:
            _demand(names.format_extension_names(names.parse_extension_names(text)) == text)
        elif subject == len(_CLASSES) + 2:
            _demand(gpt_ini.with_version(content, gpt_ini.version(content)) == content)
        else:
            value = descriptors.decode_descriptor(content)
            _demand(descriptors.decode_descriptor(descriptors.encode_descriptor(value)) == value)

    def one_input(content: bytes) -> None:
        if not content:
            return
        try:
            check(content[0] % (len(_CLASSES) + 4), content[1:])
        except refusal:
            return

    return one_input


def _demand(law: bool) -> None:  # noqa: FBT001 - it is an assertion that -O does not remove
    if not law:
        message = "accepted, but not kept"
        raise AssertionError(message)


def _write_corpus(folder: Path) -> None:
    for path in _VECTORS.glob("*.json"):
        vector = json.loads(path.read_text(encoding="utf-8"))
        subject = _CLASSES.index(vector["class"])
        seed = bytes([subject]) + bytes.fromhex(vector["ipsecData_hex"])
        (folder / path.stem).write_bytes(seed)
    texts = (
        b"[LDAP://cn={31B2F340-016D-11D2-945F-00C04FB984F9},cn=policies,DC=a;2]",
        b"[{E437BC1C-AA7D-11D2-A382-00C04F991E27}{DEA8AFA0-CC85-11D0-9CE2-0080C7221EBD}]",
        b"[General]\r\nVersion=65537\r\n",
    )
    for number, text in enumerate(texts):
        (folder / f"text{number}").write_bytes(bytes([len(_CLASSES) + number]) + text)
    recorded = json.loads((_ROOT / "tests/codec/descriptors.json").read_text(encoding="utf-8"))
    for number, case in enumerate(recorded["cases"]):
        seed = bytes([len(_CLASSES) + len(texts)]) + bytes.fromhex(case["hex"])
        (folder / f"descriptor{number}").write_bytes(seed)


if __name__ == "__main__":
    sys.exit(main())

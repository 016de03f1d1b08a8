"""Who approved a plan: signatures of the real ssh-keygen and the real minisign."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import pytest

from ipsec_orchestrator.app.approvals import check_approvals, sign_plan
from ipsec_orchestrator.app.plans import save_plan
from ipsec_orchestrator.errors import ApprovalError, PlanFileError, SigningError
from ipsec_orchestrator.model.approval import Approval, ApprovalDemand, SignatureKind
from ipsec_orchestrator.model.policy import Playbook
from tests.lacking import lacking
from tests.worlds import MemoryDomain

WORDS = "correct horse"
NAMESPACE = "plan@ipsec-orchestrator"


def program(*command: str | Path, **environment: str) -> str:
    """Run a program and give what it said; fails the test if it fails."""
    done = subprocess.run(
        [str(word) for word in command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass(slots=True)
class Office:
    """A folder with a saved plan, people with SSH keys, and a file of allowed signers."""

    folder: Path
    lines: list[str] = field(default_factory=list[str])

    @property
    def plan(self) -> Path:
        """The saved plan."""
        return self.folder / "plan.json"

    @property
    def allowed(self) -> Path:
        """The file of allowed signers."""
        return self.folder / "allowed_signers"

    def key(self, name: str, kind: str = "ed25519", passphrase: str = "") -> Path:
        """Make a key."""
        path = self.folder / "keys" / name
        path.parent.mkdir(exist_ok=True)
        program("ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", name, "-f", path)
        return path

    def allow(self, principal: str, key: Path, options: str = "") -> None:
        """Let the owner of a key sign."""
        kind, blob, *_ = key.with_name(f"{key.name}.pub").read_text(encoding="utf-8").split()
        self.lines.append(" ".join(filter(None, [principal, options, kind, blob])))
        self.allowed.write_text("".join(f"{line}\n" for line in self.lines), encoding="utf-8")

    def sign(self, key: Path, identity: str | None = None) -> Path:
        """Sign the plan with our command's function."""
        return sign_plan(self.plan, key, identity).signature

    def approvals(self, *signers: Path, required: int = 1) -> tuple[Approval, ...]:
        """Check the signatures beside the plan."""
        files = tuple(str(path) for path in signers or (self.allowed,))
        demand = ApprovalDemand(signers=files, required=required)
        return check_approvals(self.plan, self.plan.read_bytes(), [demand])

    def refusal(self, *signers: Path, required: int = 1) -> str:
        """The sentence with which the plan is refused."""
        with pytest.raises(ApprovalError) as caught:
            self.approvals(*signers, required=required)
        return str(caught.value)


@pytest.fixture
def office(howto: Playbook, domain: MemoryDomain, tmp_path: Path) -> Office:
    """An office with a saved plan."""
    if shutil.which("ssh-keygen") is None:
        lacking("there is no ssh-keygen (Debian package openssh-client)")
    save_plan(domain.plan(howto), tmp_path / "plan.json")
    return Office(tmp_path)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_a_signature_tells_who_approved(office: Office, kind: str) -> None:
    """Principal and fingerprint are those of the file and the key, for every kind of key."""
    key = office.key("alice", kind)
    office.allow("alice@example.com", key)
    assert office.sign(key) == office.folder / "plan.json.sig"
    (approval,) = office.approvals()

    assert approval.principal == "alice@example.com"
    assert approval.key in program("ssh-keygen", "-l", "-f", key)
    assert (approval.kind, approval.file) == (SignatureKind.SSH, "plan.json.sig")


def test_the_signature_is_of_the_standard_format(office: Office) -> None:
    """``ssh-keygen -Y verify`` accepts it, and one that ``ssh-keygen -Y sign`` made is accepted."""
    key = office.key("alice")
    office.allow("alice", key)
    signature = office.sign(key)
    verify = ["ssh-keygen", "-Y", "verify", "-f", office.allowed, "-I", "alice", "-n", NAMESPACE]
    done = subprocess.run(
        [*map(str, verify), "-s", str(signature)],
        input=office.plan.read_bytes(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    signature.unlink()
    program("ssh-keygen", "-q", "-Y", "sign", "-n", NAMESPACE, "-f", key, office.plan)
    assert [found.principal for found in office.approvals()] == ["alice"]


def test_a_plan_without_signature_is_not_approved(office: Office) -> None:
    """It says how many are missing, and how to go on."""
    office.allow("alice", office.key("alice"))
    told = office.refusal()

    assert "not approved: 0 of 1 approvals that --signed-by demands" in told
    assert "There is no signature beside it" in told
    assert "orchestrate sign" in told


def test_a_changed_plan_is_not_the_one_that_was_approved(office: Office) -> None:
    """One byte is enough, wherever it stands."""
    key = office.key("alice")
    office.allow("alice", key)
    office.sign(key)
    content = office.plan.read_bytes()
    for at in (0, len(content) // 2, len(content) - 1):
        office.plan.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        assert "plan.json.sig: it does not hold for this plan" in office.refusal()
    office.plan.write_bytes(content)
    assert office.approvals()


def test_a_key_that_is_not_allowed_does_not_count(office: Office) -> None:
    """Whoever is not in the file has no say, and the message names the key."""
    office.allow("alice", office.key("alice"))
    mallory = office.key("mallory")
    office.sign(mallory)
    told = office.refusal()

    assert "is not among those of" in told
    assert program("ssh-keygen", "-l", "-f", mallory).split()[1] in told


def test_a_signature_for_something_else_does_not_count(office: Office) -> None:
    """What was signed as a file, or as a commit, approves no plan."""
    key = office.key("alice")
    office.allow("alice", key)
    program("ssh-keygen", "-q", "-Y", "sign", "-n", "file", "-f", key, office.plan)

    assert "another purpose (namespace 'file'" in office.refusal()


@pytest.mark.parametrize(
    "options",
    ['namespaces="file,git"', 'valid-before="20200101"', 'valid-after="20990101"'],
)
def test_what_the_file_of_signers_forbids_is_forbidden(office: Office, options: str) -> None:
    """Other namespaces only, expired, not yet valid: OpenSSH's own options hold."""
    key = office.key("alice")
    office.allow("alice", key, options)
    office.sign(key)

    assert "0 of 1 approvals" in office.refusal()


def test_a_certificate_of_an_allowed_authority_counts(office: Office) -> None:
    """``cert-authority`` lines work: the certificate's principal is who approved."""
    authority, key = office.key("authority"), office.key("alice")
    office.allow("alice@example.com", authority, "cert-authority")
    program(
        "ssh-keygen", "-q", "-s", authority, "-I", "alice", "-n", "alice@example.com", f"{key}.pub"
    )
    shutil.move(f"{key}-cert.pub", f"{key}.pub")
    office.sign(key)

    assert [found.principal for found in office.approvals()] == ["alice@example.com"]


def damaged(signature: bytes) -> Iterator[bytes]:
    """A signature in every kind of disrepair."""
    lines = signature.splitlines(keepends=True)
    yield b""
    yield b"\xff\xfe"
    yield signature[: len(signature) // 2]
    yield signature + signature
    yield b"".join([lines[0], *lines[2:]])
    yield b"".join([lines[0], b"@@@\n", *lines[1:]])
    yield b"-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n"


def test_a_damaged_signature_does_not_count(office: Office) -> None:
    """It is named, in a sentence, whatever is wrong with it."""
    key = office.key("alice")
    office.allow("alice", key)
    signature = office.sign(key)
    content = signature.read_bytes()
    for broken in damaged(content):
        signature.write_bytes(broken)
        assert "plan.json.sig: it " in office.refusal()
    signature.write_bytes(content)
    assert office.approvals()


def test_two_approvals_are_of_two_people(office: Office) -> None:
    """Two signatures of one person, or of one key under two names, are one approval."""
    alice, other, bob = office.key("alice"), office.key("alice2"), office.key("bob")
    office.allow("alice", alice)
    office.allow("alice", other)
    office.allow("bob", alice)
    office.sign(alice)
    office.sign(other, "again")
    told = office.refusal(required=2)
    assert "1 of 2 approvals" in told
    assert "alice has signed already" in told

    office.allow("bob", bob)
    office.sign(bob, "bob")
    assert {found.principal for found in office.approvals(required=2)} == {"alice", "bob"}
    assert "2 of 3 approvals" in office.refusal(required=3)


def test_a_bad_signature_does_not_spoil_a_good_one(office: Office) -> None:
    """Anybody can put a file there; only what is missing counts."""
    key = office.key("alice")
    office.allow("alice", key)
    office.sign(key)
    office.sign(office.key("mallory"), "mallory")
    (office.folder / "plan.json.broken.sig").write_bytes(b"x")

    assert [found.principal for found in office.approvals()] == ["alice"]


def test_every_demand_is_met_by_itself(office: Office) -> None:
    """What the inventory demands is not given by what the option allows."""
    alice, bob = office.key("alice"), office.key("bob")
    office.allow("alice", alice)
    office.sign(bob)
    second = Office(office.folder / "second")
    second.folder.mkdir()
    second.allow("bob", bob)
    own = ApprovalDemand(signers=(str(second.allowed),))
    inventory = ApprovalDemand(signers=(str(office.allowed),), origin="the inventory")
    content = office.plan.read_bytes()

    assert check_approvals(office.plan, content, [own])
    with pytest.raises(ApprovalError, match="that the inventory demands"):
        check_approvals(office.plan, content, [own, inventory])


def test_a_signature_is_not_overwritten(office: Office) -> None:
    """Somebody's approval stays; a second one gets a name of its own."""
    key = office.key("alice")
    before = office.sign(key).read_bytes()
    with pytest.raises(SigningError, match="There is a signature already"):
        office.sign(key)
    assert office.sign(key, "alice").name == "plan.json.alice.sig"
    assert (office.folder / "plan.json.sig").read_bytes() == before


def test_what_is_no_plan_is_not_signed(office: Office) -> None:
    """An edited or foreign file gets no signature."""
    key = office.key("alice")
    office.plan.write_text(office.plan.read_text(encoding="utf-8").replace("apply", "remove"))
    with pytest.raises(PlanFileError):
        office.sign(key)
    assert not (office.folder / "plan.json.sig").exists()


def test_keys_that_can_not_be_used_are_told(office: Office) -> None:
    """A missing key, a file that is none, and a list of signers that is not there."""
    (office.folder / "nonsense").write_text("nonsense", encoding="utf-8")
    with pytest.raises(SigningError, match="can't be read"):
        office.sign(office.folder / "missing")
    with pytest.raises(SigningError, match="could not sign"):
        office.sign(office.folder / "nonsense")
    with pytest.raises(SigningError, match="can't be read"):
        office.approvals(office.folder / "missing")
    (office.folder / "half.pub").write_text("untrusted comment: x\n", encoding="utf-8")
    with pytest.raises(SigningError, match="not a public key of minisign"):
        office.approvals(office.folder / "half.pub")
    assert [path.name for path in office.folder.glob("plan.json.*")] == []


def test_a_passphrase_stays_with_ssh(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """ssh-keygen asks for it by its own means; a wrong one is told."""
    key = office.key("alice", passphrase=WORDS)
    office.allow("alice", key)
    ask = office.folder / "ask"
    ask.write_text(f"#!/bin/sh\necho {WORDS}\n", encoding="utf-8")
    ask.chmod(0o700)
    monkeypatch.setenv("SSH_ASKPASS_REQUIRE", "force")
    monkeypatch.setenv("SSH_ASKPASS", "/bin/false")
    with pytest.raises(SigningError, match="could not sign"):
        office.sign(key)
    monkeypatch.setenv("SSH_ASKPASS", str(ask))
    office.sign(key)
    assert office.approvals()


def test_a_key_in_the_agent_signs_by_its_public_half(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With ssh-agent the private key need not be on this machine."""
    key = office.key("alice")
    office.allow("alice", key)
    socket = office.folder / "agent"
    with subprocess.Popen(
        ["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL
    ) as agent:
        try:
            while not socket.exists():
                assert agent.poll() is None
            program("ssh-add", "-q", key, SSH_AUTH_SOCK=str(socket))
            key.unlink()
            monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
            office.sign(key.with_name("alice.pub"))
        finally:
            agent.terminate()
    assert [found.principal for found in office.approvals()] == ["alice"]


@pytest.fixture
def minisign() -> None:
    """The real minisign, and the library that reads its signatures."""
    if find_spec("minisign") is None:
        lacking("py-minisign is not installed")
    if shutil.which("minisign") is None:
        lacking("there is no minisign (Debian package minisign)")


def minisign_key(office: Office, name: str) -> tuple[Path, Path]:
    """Make a pair of keys without a password: public and secret."""
    public, secret = office.folder / f"{name}.pub", office.folder / f"{name}.key"
    program("minisign", "-G", "-W", "-p", public, "-s", secret)
    return public, secret


@pytest.mark.usefixtures("minisign")
def test_minisign_signatures_count_as_well(office: Office) -> None:
    """Ours is accepted by minisign, and both of its formats by us; the key's id is told."""
    public, secret = minisign_key(office, "alice")
    signature = office.sign(secret)
    assert signature.name == "plan.json.minisig"
    said = program("minisign", "-V", "-p", public, "-m", office.plan)
    assert "Signature and comment signature verified" in said
    (approval,) = office.approvals(public)
    assert approval.kind is SignatureKind.MINISIGN
    assert approval.key in public.read_text(encoding="utf-8")
    assert approval.key in approval.principal
    for form in ("-H", "-l"):
        program("minisign", "-S", form, "-s", secret, "-m", office.plan, "-x", signature)
        assert office.approvals(public)


@pytest.mark.usefixtures("minisign")
def test_minisign_signatures_that_do_not_count(office: Office) -> None:
    """Another key, a changed plan, a changed comment, a damaged file."""
    public, secret = minisign_key(office, "alice")
    other, _ = minisign_key(office, "bob")
    signature = office.sign(secret)
    good, plan = signature.read_bytes(), office.plan.read_bytes()
    assert "it does not hold" in office.refusal(other)
    office.plan.write_bytes(plan + b" ")
    assert "it does not hold" in office.refusal(public)
    office.plan.write_bytes(plan)
    signature.write_bytes(good.replace(b"trusted comment: plan", b"trusted comment: plam"))
    assert "it does not hold" in office.refusal(public)
    for broken in (b"", good[:-20], b"untrusted comment: x\n\n\n\n", b"\xff" * 300):
        signature.write_bytes(broken)
        assert "no minisign signature, or damaged" in office.refusal(public)
    signature.write_bytes(good)
    assert office.approvals(public)


@pytest.mark.usefixtures("minisign")
def test_both_kinds_make_two_approvals(office: Office) -> None:
    """One person with SSH, one with minisign; a kind that nobody is allowed is said."""
    public, secret = minisign_key(office, "alice")
    key = office.key("bob")
    office.allow("bob", key)
    office.sign(secret)
    office.sign(key)
    found = office.approvals(public, office.allowed, required=2)
    assert {each.kind for each in found} == {SignatureKind.SSH, SignatureKind.MINISIGN}
    assert "signs with minisign" in office.refusal(office.allowed, required=2)

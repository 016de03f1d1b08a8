"""Two labs of one machine never get the same loopback block."""

import shutil
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ipsec_orchestrator.errors import LabInUseError, LabNotFoundError
from ipsec_orchestrator.lab.domain.claim import claim_layout, open_layout, release_layout
from ipsec_orchestrator.lab.domain.layout import LabLayout


@pytest.fixture
def claimed() -> Iterator[list[LabLayout]]:
    """Layouts to be given back after the test."""
    layouts: list[LabLayout] = []
    yield layouts
    for layout in layouts:
        shutil.rmtree(layout.root, ignore_errors=True)
        release_layout(layout)


def test_labs_of_different_state_folders_get_different_networks(
    tmp_path: Path, claimed: list[LabLayout]
) -> None:
    """Labs that know nothing of each other share the machine's addresses and keep apart."""
    claimed += [claim_layout(tmp_path / "a", "lab"), claim_layout(tmp_path / "b", "lab")]

    assert claimed[0].network != claimed[1].network
    assert all(50 <= layout.network <= 249 for layout in claimed)


def test_claiming_again_gives_the_same_network(tmp_path: Path, claimed: list[LabLayout]) -> None:
    """A lab keeps its network over its whole life; opening it finds the same."""
    claimed.append(claim_layout(tmp_path, "lab"))

    assert claim_layout(tmp_path, "lab") == claimed[0]
    assert open_layout(tmp_path, "lab") == claimed[0]


def test_claim_of_a_lab_that_is_gone_does_not_count(
    tmp_path: Path, claimed: list[LabLayout]
) -> None:
    """When a lab's folder was deleted by hand, its network is free for the next one."""
    gone = claim_layout(tmp_path / "a", "lab")
    shutil.rmtree(gone.root)
    claimed.append(claim_layout(tmp_path / "b", "lab", networks=[gone.network]))

    assert claimed[0].network == gone.network


def test_network_of_another_lab_is_not_given_away(tmp_path: Path, claimed: list[LabLayout]) -> None:
    """When every network is taken the error names the lab that has it, and nothing is made."""
    claimed.append(claim_layout(tmp_path / "a", "lab"))
    with pytest.raises(LabInUseError, match=str(claimed[0].root)) as caught:
        claim_layout(tmp_path / "b", "lab", networks=[claimed[0].network])

    assert caught.value.cure is not None
    assert not (tmp_path / "b").exists()


def test_network_with_a_foreign_server_is_left_alone(
    tmp_path: Path, claimed: list[LabLayout]
) -> None:
    """A block on whose DC address somebody listens is no block for a lab; the port is named."""
    claimed.append(claim_layout(tmp_path / "a", "lab"))
    release_layout(claimed[0])
    shutil.rmtree(claimed[0].root)
    with socket.socket() as server:
        server.bind((str(claimed[0].dc_address), claimed[0].ports.global_catalog))
        server.listen()
        with pytest.raises(LabInUseError, match="3268 by another program"):
            claim_layout(tmp_path / "b", "lab", networks=[claimed[0].network])


def test_many_claims_at_once_give_different_networks(
    tmp_path: Path, claimed: list[LabLayout]
) -> None:
    """Labs that are made at the same moment, also while others are given up, never collide."""

    def claim_and_release(number: int) -> LabLayout:
        release_layout(claim_layout(tmp_path / f"passing-{number}", "lab"))
        return claim_layout(tmp_path / f"staying-{number}", "lab")

    with ThreadPoolExecutor(4) as pool:
        claimed += pool.map(claim_and_release, range(8))

    assert len({layout.network for layout in claimed}) == len(claimed)


def test_lab_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Opening a lab that was never made names it and its folder."""
    with pytest.raises(LabNotFoundError, match="'nothing'"):
        open_layout(tmp_path, "nothing")

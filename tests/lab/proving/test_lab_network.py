"""What the lab makes of a guest's log and kernel, and the words for breaking its network."""

import json
from dataclasses import asdict

import pytest

from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.lab.lab_settings import faults_from_json, faults_to_json, parse_faults
from ipsec_orchestrator.lab.proving.cim_classes import quick_mode_instances
from ipsec_orchestrator.lab.proving.event_log import audit_events
from ipsec_orchestrator.lab.proving.network_faults import (
    SOUND,
    NetworkFaults,
    network_faults_from_json,
    with_network_fault,
)
from ipsec_orchestrator.lab.wire.associations import Associations
from ipsec_orchestrator.lab.wire.guest_policy import NO_POLICY
from ipsec_orchestrator.lab.wire.ike_log import parse_log
from ipsec_orchestrator.lab.wire.sabotage import WireFault

UP = (
    "1795000000.250 09[IKE] CHILD_SA flow-1{1} established with SPIs c1a2b3c4_i 0badcafe_o and TS "
    "10.0.1.20/32[tcp] === 10.2.27.10/32[tcp/8080]"
)
DOWN = (
    "1795000009.000 09[IKE] closing CHILD_SA flow-1{1} with SPIs c1a2b3c4_i (0 bytes) 0badcafe_o "
    "(9 bytes) and TS 10.0.1.20/32[tcp] === 10.2.27.10/32[tcp/8080]"
)
REFUSED = "1795000001.000 09[ENC] parsed INFORMATIONAL_V1 request 1 [ N(NO_PROP) ]"
GIVEN_UP = "1795000002.000 09[IKE] giving up after 5 retransmits"


def test_an_association_comes_and_goes_as_events_of_the_same_id() -> None:
    """5451 and 5452 carry SPIs and addresses as Windows names them."""
    up, down = audit_events(parse_log(f"{UP}\n{DOWN}\n"))

    assert (up.event_id, down.event_id) == (5451, 5452)
    fields = dict(up.fields)
    assert fields["InboundSpi"] == str(0xC1A2B3C4)
    assert fields["OutboundSpi"] == str(0x0BADCAFE)
    assert fields["RemoteAddress"] == "10.2.27.10"
    assert dict(down.fields)["QuickModeSaId"] == fields["QuickModeSaId"]
    assert up.time.isoformat() == "2026-11-18T11:06:40.250000+00:00"


def test_failures_are_events_without_an_address() -> None:
    """A peer that never answers is 4653; what means nothing to Windows is no event."""
    found = list(audit_events(parse_log(f"{GIVEN_UP}\n{REFUSED}\n")))

    assert [event.event_id for event in found] == [4653]
    assert found[0].fields == ()


def test_what_a_line_is_about_is_in_its_event() -> None:
    """Charon names the connection before its words: so a failure has a peer, and traffic ports."""
    failed, up = audit_events(
        parse_log(
            "1795000000.000 09[IKE] <to-10-2-27-10|3> giving up after 5 retransmits\n"
            "1795000001.000 09[IKE] <to-10-2-27-10|3> CHILD_SA flow-1{1} established with SPIs "
            "c1a2b3c4_i 0badcafe_o and TS 10.0.1.20/32[tcp] === 10.2.27.10/32[tcp/8080]\n"
        )
    )
    fields = dict(up.fields)

    assert dict(failed.fields) == {"RemoteAddress": "10.2.27.10"}
    assert (fields["IpProtocol"], fields["LocalPort"], fields["RemotePort"]) == ("6", "0", "8080")


def test_no_states_no_rows() -> None:
    """An association that is not in the kernel is not shown."""
    assert quick_mode_instances(Associations(main_modes=(), states=()), NO_POLICY) == []


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("lies", NetworkFaults(lies=True)),
        ("ignores-policy", NetworkFaults(ignores_policy=True)),
        ("other-methods", NetworkFaults(other_methods=True)),
        ("capture-taken", NetworkFaults(capture_taken=True)),
        ("esp-dropped=host1", NetworkFaults(broken=((WireFault.ESP_DROPPED, "host1"),))),
        ("nonsense", None),
        ("esp-dropped", None),
        ("nonsense=host1", None),
    ],
)
def test_words_for_breaking_a_network(word: str, expected: NetworkFaults | None) -> None:
    """Each word is one fault; anything else is none."""
    assert with_network_fault(SOUND, word) == expected


def test_network_faults_survive_the_lab_s_file() -> None:
    """What a lab is told is what its process reads."""
    faults = parse_faults(["lies", "esp-dropped=host1", "ike-dropped=vm2"])

    stored = json.loads(json.dumps(faults_to_json(faults)))
    assert faults_from_json(stored) == faults
    assert (
        network_faults_from_json(json.loads(json.dumps(asdict(faults.network)))) == faults.network
    )


def test_an_unknown_word_is_refused_with_all_words() -> None:
    """The cure lists the words of the network, too."""
    with pytest.raises(UsageError, match="is no fault") as refused:
        parse_faults(["esp-dropped"])

    assert "esp-dropped=HOST" in str(refused.value.cure)

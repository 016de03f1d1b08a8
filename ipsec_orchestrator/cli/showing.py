"""The two readings of ``orchestrate show``."""

from collections.abc import Iterator

from ipsec_orchestrator.app.show import HostPolicies, asked, domain_policies
from ipsec_orchestrator.cli.exit_codes import Exit
from ipsec_orchestrator.cli.options import Connection
from ipsec_orchestrator.cli.output import print_json, print_lines
from ipsec_orchestrator.codec.selectors import select
from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.facts.member_policy import MemberObservation
from ipsec_orchestrator.facts.run_lock import read_locks
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.planning.desired import guid_text
from ipsec_orchestrator.report.lines import Line, Tone
from ipsec_orchestrator.report.lock_report import lock_lines, lock_to_json
from ipsec_orchestrator.report.policy_report import policy_lines, policy_to_json


def show_domain(connection: Connection, policy_name: str | None, *, as_json: bool) -> Exit:
    """Show all policies of the domain, or one."""
    inventory = connection.read_inventory()
    with connection.open(inventory) as world:
        found = domain_policies(world)
        locks = read_locks(world.directory)
    if policy_name is not None:
        key = policy_name.casefold()
        chosen = tuple(x for x in found if (x.policy.policy.name or "").casefold() == key)
        if not chosen:
            names = ", ".join(x.policy.policy.name or "(no name)" for x in found)
            raise UsageError(
                f"There is no policy {policy_name!r}.",
                cure=f"There are: {names}.",
            )
        found = chosen
    if as_json:
        print_json(
            {
                "domain": inventory.domain.name,
                "policies": [policy_to_json(x.policy, x.gpos) for x in found],
                "locks": [lock_to_json(lock) for lock in locks],
            },
        )
        return Exit.DONE
    print_lines(lock_lines(locks))
    for shown in found:
        print_lines((*policy_lines(shown.policy, shown.gpos), Line()))
    return Exit.DONE


def show_hosts(connection: Connection, name: str | None, *, as_json: bool) -> Exit:
    """Show what one host has, or every host of ``--limit``."""
    inventory = connection.read_inventory()
    chosen = select(inventory, name or connection.limit or "*")
    with connection.open(inventory) as world:
        found = sorted(
            world.runner.each(lambda host: asked(host, world), chosen),
            key=lambda pair: chosen.index(pair[0]),
        )
    if as_json:
        documents = [_host_document(host.name, answer) for host, answer in found]
        print_json(documents[0] if name else {"hosts": documents})
    else:
        for host, answer in found:
            print_lines((*_answer_lines(host.name, answer), Line()))
    unread = any(isinstance(answer, str) for _, answer in found)
    return Exit.SOME_HOSTS if unread else Exit.DONE


def _host_document(name: str, answer: HostPolicies | str) -> dict[str, Json]:
    if isinstance(answer, str):
        return {"host": name, "error": answer}
    observation = answer.observation
    assigned = observation.assigned
    policy_id = assigned.policy_id if assigned else None
    return {
        "host": name,
        "time": observation.time.isoformat(),
        "culture": observation.culture,
        "ps_version": observation.ps_version,
        "services": {
            service.name: {"state": service.state, "start_mode": service.start_mode}
            for service in sorted(observation.services.values(), key=lambda found: found.name)
        },
        "assigned": {
            "name": assigned.name,
            "path": assigned.path,
            "id": guid_text(policy_id) if policy_id else None,
        }
        if assigned
        else None,
        "dead_men": [
            {"run": found.run_id, "deadline": found.deadline, "fired": found.fired}
            for found in observation.dead_men
        ],
        "policies": [policy_to_json(policy) for policy in answer.policies],
    }


def _answer_lines(name: str, answer: HostPolicies | str) -> Iterator[Line]:
    if isinstance(answer, str):
        yield Line(f"host {name}", Tone.HEADING)
        yield Line(f"  could not be read: {answer}", Tone.BAD)
        return
    yield from _host_lines(name, answer.observation)
    for policy in answer.policies:
        yield Line()
        yield from policy_lines(policy)


def _host_lines(name: str, observation: MemberObservation) -> Iterator[Line]:
    assigned = observation.assigned
    yield Line(f"host {name}", Tone.HEADING)
    yield Line(f"  its time: {observation.time:%Y-%m-%d %H:%M:%S} UTC")
    yield Line(f"  language: {observation.ui_culture}, PowerShell {observation.ps_version}")
    for service in sorted(observation.services.values(), key=lambda found: found.name):
        tone = Tone.GOOD if service.running else Tone.WARNING
        yield Line(f"  service {service.name}: {service.state}, {service.start_mode}", tone)
    if assigned is None:
        yield Line("  assigned by Group Policy: no IPsec policy", Tone.WARNING)
    else:
        yield Line(f"  assigned by Group Policy: {assigned.name or assigned.path}", Tone.GOOD)
        yield Line(f"  from: {assigned.path}")
    for found in observation.dead_men:
        yield Line(
            f"  run {found.run_id} was not confirmed in time: its task has disabled PolicyAgent"
            if found.fired
            else f"  run {found.run_id} waits for its confirmation until {found.deadline}"
            if found.deadline
            else f"  run {found.run_id} broke off before its task was there",
            Tone.BAD if found.fired else Tone.WARNING,
        )
    status = observation.extension_status
    if status is not None:
        yield Line(
            f"  IPsec extension last ran: {status.begin_time:%Y-%m-%d %H:%M:%S} UTC, "
            f"error {status.error}",
        )

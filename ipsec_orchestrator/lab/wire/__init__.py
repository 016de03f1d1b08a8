"""A real network for the lab's members: Linux guests that do real IKE and real ESP.

This file imports nothing: the guests read it too. What the rest of the lab uses:

``prerequisites.missing_prerequisites()``
    What this machine lacks, with sentence and cure; empty if the wire can run.
``prerequisites.best_stack()``
    Which of the two kinds of guests to ask ``Wire`` for.
``wire.Wire(layout, hosts, stack=...)``
    ``start()``, ``stop()``, ``enforce(name, policy)``, ``member(name)``, ``set_faults(...)``,
    ``namespace`` and ``bridge`` (so that anybody can put a sniffer there).
``wire.discard_wire(layout)``
    Removes the namespace of a lab whose process was killed; for ``lab down``.
``member_policy.cached_policy(registry)``
    The policy as the member's registry holds it, for ``Wire.enforce``.
``member.WireMember``
    One member: ``associations()``, ``ike_log()``, ``capture()``, ``connect()``, ``listen()``,
    ``datagrams()``, ``ping()``, ``path_mtu()``, ``disobey()``; ``policy.notes`` says where the
    guest differs from a Windows (Kerberos first of all), and belongs into every output.

How it is built. One network namespace a lab, ``ipsec-lab-<network>``, with one bridge, ``wire0``,
without address and without any way out. Each member is a guest with a port there and its address
of the how-to. The two subnets reach each other on the link, without a router in
between, so that every packet is on the bridge exactly once and a sniffer's count can be compared
with that of the two ends; what the article's ExpressRoute circuit does to packets, faults do here
(``sabotage``), path MTU black holes included.

There are two kinds of guests, one behind the other's interface. Where this machine's kernel has
ESP and user-mode-linux is missing, a member is a network namespace with the same first process.
Otherwise a guest boots Debian's kernel on the machine's own file system, read-only, with ``guest/boot.py``
as first process, and is asked through a serial line that carries one JSON object a line. It runs
under the same guard as Samba, so that nothing of it survives this process.

IPsec policies of the kernel are set by us and not by charon, which does IKE alone: only so can
"accept clear inbound", fallback, single directions and the order of filters be carried out.
"""

"""What proofs find on a lab's members: sockets, captures, associations, events, rules, tasks.

All of it comes from the member's guest on the wire: its stack, its captured frames, its kernel's
states, its charon's log. Nothing here decides what a proof sees.

``host_network.HostNetwork``
    One member: joins the pieces, hands its policy to the guest, and holds its faults.
``commands.NetworkCommands``
    The verbs by which the PowerShell imitations (``imitated_network.ps1``) reach it.
``canned.canned_proof``
    The same scripts without a PowerShell.
"""

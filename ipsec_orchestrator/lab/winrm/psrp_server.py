"""psrpcore's server side with the types that its annotations lose.

Its pool class declares ``__new__`` as giving the generic base class, so a type checker sees
nothing of the server's methods; these protocols say what we use of it.
"""

import uuid
from collections.abc import Callable, MutableMapping
from typing import Protocol, cast

import psrpcore
from psrpcore import types


class ServerEvent(Protocol):
    """A message that the client has sent; ``pipeline_id`` is ``None`` for the pool's own."""

    message_type: types.PSRPMessageType
    pipeline_id: uuid.UUID | None


class PoolCall(ServerEvent, Protocol):
    """A question about the pool's runspaces, answered under its ``ci``."""

    @property
    def ci(self) -> int:
        """Number of the call."""
        ...


class RunspaceLimit(PoolCall, Protocol):
    """A wish for another number of runspaces."""

    @property
    def count(self) -> int:
        """The wanted number."""
        ...


class ServerPipeline(Protocol):
    """A pipeline that a client wants run."""

    pipeline_id: uuid.UUID
    state: types.PSInvocationState
    metadata: object

    def stop(self) -> None:
        """Report state Stopped."""
        ...

    def complete(self) -> None:
        """Report state Completed."""
        ...

    def write_output(self, value: str) -> None:
        """Add to the output."""
        ...

    def prepare_message(self, message: types.PSObject) -> None:
        """Queue any message."""
        ...


class ServerPool(Protocol):
    """The server's side of a runspace pool."""

    pipeline_table: MutableMapping[uuid.UUID, ServerPipeline]

    our_capability: types.SessionCapability

    @property
    def max_runspaces(self) -> int:
        """The most runspaces that the client wants."""
        ...

    def receive_data(self, data: psrpcore.PSRPPayload) -> None:
        """Take fragments."""
        ...

    def next_event(self) -> ServerEvent | None:
        """Give the next complete message."""
        ...

    def data_to_send(self, amount: int | None = None) -> psrpcore.PSRPPayload | None:
        """Give fragments for the client."""
        ...

    def runspace_availability_response(self, ci: int, response: int) -> None:
        """Answer a call about runspaces: a count, or for a wish whether it is granted."""
        ...

    def prepare_message(self, message: types.PSObject) -> None:
        """Queue any message."""
        ...

    def disconnect(self) -> None:
        """Enter state Disconnected."""
        ...

    def connect(self) -> None:
        """Expect the messages of a client that takes the pool over."""
        ...


def make_pool() -> ServerPool:
    """Make a pool that waits for its client's first messages."""
    make: Callable[[], object] = psrpcore.ServerRunspacePool
    return cast("ServerPool", make())


def make_pipeline(pool: ServerPool, pipeline_id: uuid.UUID) -> None:
    """Add an empty pipeline to the pool's table; its description comes as a message."""
    make = cast("Callable[[ServerPool, uuid.UUID], object]", psrpcore.ServerPipeline)
    make(pool, pipeline_id)

"""Starting the process of a lab: Ctrl-C never leaves one that nobody knows of."""

import os
import signal
import threading

import pytest

from ipsec_orchestrator.lab.supervision import interrupts_deferred


def test_ctrl_c_takes_effect_behind_the_block() -> None:
    """What is begun is finished, and then it is as if the key were pressed now."""
    finished: list[bool] = []
    before = signal.getsignal(signal.SIGINT)

    def work() -> None:
        with interrupts_deferred():
            os.kill(os.getpid(), signal.SIGINT)
            finished.append(True)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert finished == [True]
    assert signal.getsignal(signal.SIGINT) is before


def test_without_ctrl_c_nothing_happens() -> None:
    """An error inside goes on as it is, and the handler is the one from before."""
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(LookupError), interrupts_deferred():
        raise LookupError

    assert signal.getsignal(signal.SIGINT) is before


def test_another_thread_has_nothing_to_defer() -> None:
    """Python lets only the main thread set handlers."""
    done: list[bool] = []

    def work() -> None:
        with interrupts_deferred():
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert done == [True]

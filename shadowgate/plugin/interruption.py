"""A run that is told to end, or whose terminal is closed, ends as one that is interrupted.

So it writes its reports and drops what it made itself, with exit status 2.
"""

from __future__ import annotations

import signal
import threading

import pytest


class Interruption:
    """Hears the signals, and sees to it that none is lost."""

    def __init__(self) -> None:
        self._told = ""
        """Name of the signal that told the run to end."""

    def listen(self, config: pytest.Config) -> None:
        """Raise :class:`KeyboardInterrupt` at a signal, until the session's clean-up."""
        if threading.current_thread() is not threading.main_thread():
            return  # signals are somebody else's there
        told = (signal.SIGTERM, signal.SIGHUP)
        ours = [each for each in told if signal.getsignal(each) != signal.SIG_IGN]  # nohup
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            ours.append(signal.SIGINT)
        before = {each: signal.signal(each, self._interrupt) for each in ours}

        def restore() -> None:
            for each, handler in before.items():
                signal.signal(each, handler)

        config.add_cleanup(restore)
        # What is raised where Python cannot pass it on is told as a warning with its traceback.
        config.addinivalue_line(
            "filterwarnings",
            r"ignore:(?s).*KeyboardInterrupt. SIG:pytest.PytestUnraisableExceptionWarning",
        )

    def _interrupt(self, number: int, _frame: object) -> None:
        self._told = signal.Signals(number).name
        raise KeyboardInterrupt(self._told)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self) -> None:
        """Raise it again if the run has gone on: in a callback of a weak reference it is lost."""
        if self._told:
            raise KeyboardInterrupt(self._told)

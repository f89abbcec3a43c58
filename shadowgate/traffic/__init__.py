"""Readers and writers that go on working meanwhile, and what they feel."""

from shadowgate.traffic.budget import Breach, judge_waits
from shadowgate.traffic.load import Traffic
from shadowgate.traffic.waits import Wait, WaitReport, report_waits

__all__ = ["Breach", "Traffic", "Wait", "WaitReport", "judge_waits", "report_waits"]

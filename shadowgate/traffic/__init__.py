"""Readers and writers that go on working meanwhile, and what they feel."""

from shadowgate.traffic.blocking import Blocked, BlockingSampler, Snapshot
from shadowgate.traffic.budget import Breach, WaitBudget, judge_waits
from shadowgate.traffic.canary import CanaryLimits, CanaryReport, judge_canary, rehearse_canary
from shadowgate.traffic.load import Kind, Request, Traffic, TrafficSettings
from shadowgate.traffic.waits import KindReport, Wait, WaitReport, report_waits, waits_behind

__all__ = [
    "Blocked",
    "BlockingSampler",
    "Breach",
    "CanaryLimits",
    "CanaryReport",
    "Kind",
    "KindReport",
    "Request",
    "Snapshot",
    "Traffic",
    "TrafficSettings",
    "Wait",
    "WaitBudget",
    "WaitReport",
    "judge_canary",
    "judge_waits",
    "rehearse_canary",
    "report_waits",
    "waits_behind",
]

from shadowgate.phases.monitoring.checks import *

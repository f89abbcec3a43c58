from shadowgate.phases.performance.checks import *

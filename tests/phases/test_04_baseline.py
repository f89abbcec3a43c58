from shadowgate.phases.baseline.checks import *

from shadowgate.phases.environment.checks import *

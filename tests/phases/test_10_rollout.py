from shadowgate.phases.rollout.checks import *

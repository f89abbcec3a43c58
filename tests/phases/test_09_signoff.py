from shadowgate.phases.signoff.checks import *

from shadowgate.phases.restore.checks import *

from shadowgate.phases.rollback.checks import *

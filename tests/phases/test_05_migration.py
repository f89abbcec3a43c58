from shadowgate.phases.migration.checks import *

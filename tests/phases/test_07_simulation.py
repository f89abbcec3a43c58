from shadowgate.phases.simulation.checks import *

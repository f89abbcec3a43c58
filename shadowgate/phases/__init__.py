"""The ten phases: a folder each, with its checks and what gathers their evidence.

* :mod:`.check` says what a check is, :mod:`.registry` lists them all;
* :mod:`.run` holds the evidence of one run, each piece gathered once;
* :mod:`.execution` carries a check out, :mod:`.verdict` derives GO or NO-GO from the results.
"""

"""Suite ``payoff``: the solved taxonomy beside other rules, with new read-outs, in new buildings.

Solving picks the best of many measured transfers, and the measured best looks better than it is.
So the transfers that each rule chooses from the table are trained again, with other seeds, and
tested on buildings that had no part in the table.
"""

"""Does the solved taxonomy pay? Train what it says, and what others say, and test on new homes.

Solving picks the best of many measured transfers, and the measured best looks better than it is.
So whatever is chosen from the table is trained again, with other seeds, and tested on buildings
that had no part in the table, beside other ways to spend the same budget.
"""

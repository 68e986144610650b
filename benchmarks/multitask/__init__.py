"""Does training several tasks together help each of them, and which tasks help which?"""

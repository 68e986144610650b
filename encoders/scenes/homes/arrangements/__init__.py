"""Arrangements: functions that add a group of furniture to a room."""

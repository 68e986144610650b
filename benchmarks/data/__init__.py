"""Named data sets, and the user's folders, as one value: `Data`."""

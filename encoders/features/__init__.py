"""Measure transfers from frozen features of any data (text, tables, robots) to labels; no torch.

The features of n examples from several sources and the labels of several targets are read from
files or arrays. For each target, read-outs from single sources and from sets of sources are fit,
and tested on examples on which nothing was fit or chosen.
"""

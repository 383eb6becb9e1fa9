"""The choices a course on neural networks teaches, one file a family.

A component is one frozen, validated class. Adding it to the union at the foot of its file makes it
configurable, documented (``phoneprice config schema``), listed and tested.
"""

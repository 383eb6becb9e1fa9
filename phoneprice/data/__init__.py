"""Everything between a file and the arrays a network takes, in rooms; what stands beside them is known to all.

``reading`` and ``writing`` know files, ``encoding`` what a network takes of columns, ``rows`` which rows count,
``inspection`` what a table tells of itself, ``samples`` tables to try things with.
"""

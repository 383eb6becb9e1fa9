"""What went wrong in a training, in plain words: causes before symptoms, each with a line of configuration to try.

``training`` is what the checks look at, ``check`` how one is declared, ``remedies`` what can be advised, ``findings``
the causal order and the judgement. The checks stand by cause: ``start`` (scaling and initialisation),
``learning_rate``, ``depth`` (width and activation, too), ``capacity`` (regularisation), ``duration``, ``outcome``. A
new one is a function there, its code in ``records.findings`` and its place in ``findings.STAGES``.

Thresholds that come from no paper were measured by ``tests/diagnosis/trials.py``: broken and healthy configurations on
small tables.
"""

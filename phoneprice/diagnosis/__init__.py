"""What went wrong in a training, in plain words: causes before symptoms, each with a line of configuration to try.

``training`` is what the checks look at, ``check`` how one is declared, ``findings`` their order and the judgement. The
checks stand by cause: ``start``, ``capacity``, ``learning_rate``, ``depth``, ``duration``. A new one is a
function there, its code in ``records.findings`` and its place in ``findings.CHECKS``.
"""

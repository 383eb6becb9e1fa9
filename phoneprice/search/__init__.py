"""Which configurations are worth a try, which of them are behind, and how good the best one is in truth.

A space of configurations, candidates drawn from it, a race between them, an honest figure of the one that is picked,
and what each setting mattered: functions of numbers and configurations, for ``phoneprice.workflows.tune`` to train.
"""

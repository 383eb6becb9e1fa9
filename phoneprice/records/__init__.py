"""The small frozen types that pass between the parts. No torch, no pandas.

``documents`` has those that are a run's JSON files, ``curves`` the history of a training as arrays.
"""

from phoneprice.records.findings import Judgement, TrainingFinding
from phoneprice.records.inputs import Doubles, Floats, Inputs, InputStatistics, Rows, TargetStatistics, Task
from phoneprice.records.predictions import Calibration, Classified, HeldOut, Interval, Predictions, Valued, joined
from phoneprice.records.training import Ensemble, EpochRecord, MemberPlan, Split, TrainedRecipe, splits_of

__all__ = [
    "Calibration",
    "Classified",
    "Doubles",
    "Ensemble",
    "EpochRecord",
    "Floats",
    "HeldOut",
    "InputStatistics",
    "Inputs",
    "Interval",
    "Judgement",
    "MemberPlan",
    "Predictions",
    "Rows",
    "Split",
    "TargetStatistics",
    "Task",
    "TrainedRecipe",
    "TrainingFinding",
    "Valued",
    "joined",
    "splits_of",
]

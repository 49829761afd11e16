"""What Inspect loads when it looks for extensions: the model provider and the scorer register themselves."""

from drillyard.bench.model_inspect import DrillyardModel
from drillyard.bench.scorer_inspect import criteria

__all__ = ["DrillyardModel", "criteria"]

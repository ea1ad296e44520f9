"""The configuration file (spec F6): every setting and map as one JSON object, out and in again.

The settings pages save through the same door, so a rule is checked in one place. `options` is the table
of settings; `plan` compares what is asked with what stands; `importing` writes the difference.
"""

from integrations.configuration.changes import Change, ChangedMeanwhile, InvalidConfiguration, Problem
from integrations.configuration.exporting import export_configuration
from integrations.configuration.importing import Seen, import_configuration

__all__ = [
    "Change",
    "ChangedMeanwhile",
    "InvalidConfiguration",
    "Problem",
    "Seen",
    "export_configuration",
    "import_configuration",
]

"""Hard treatment of the registry, as commands with long runs and as functions with short ones for the tests.

python -m tests.harness.kill --store sqlite --kills 1000
python -m tests.harness.crowd --store postgresql --processes 8 --requests 100000
python -m tests.harness.faults --store sqlite
python -m tests.harness.crash --kills 200
python -m tests.harness.lives --lives 1000
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # where the helpers of the tests are

"""The command `sfs`, also where the package is not installed."""

import sys

from simpleflow_steps.cli import main

sys.argv[0] = "sfs"
sys.exit(main())

"""`python -m simpleflow_steps` is `sfs`."""

from simpleflow_steps.cli import main

main()

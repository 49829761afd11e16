"""`python -m drillyard` is the command `drillyard`."""

from drillyard.cli.app import main

raise SystemExit(main())

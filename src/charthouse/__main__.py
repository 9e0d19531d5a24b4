import sys

from charthouse.cli import main

sys.exit(main())

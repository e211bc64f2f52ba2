"""`python -m gatekey.demo GRPC REST`: how the service runs a demo cluster as a child process."""

import logging
import sys

from gatekey.demo.serve import serve
from gatekey.errors import ServiceError

logging.basicConfig(level=logging.INFO, format="%(message)s")
try:
    serve(sys.argv[1], sys.argv[2])
except ServiceError as error:
    sys.exit(error.message)

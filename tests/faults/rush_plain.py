"""The server as gunicorn brings it, without what keeps slow senders from its threads: for looking whether the others
would be seen to starve. Run as `python -m tests.faults.rush_plain PORT`."""

import sys

from gunicorn.workers.gthread import ThreadWorker

from paritrana.cli import make_app
from paritrana.operations import receiving
from paritrana.operations.cli import serve

if __name__ == "__main__":
    receiving.patient_worker = lambda _hops: ThreadWorker  # type: ignore[assignment,return-value]  # the control
    serve.main(args=["--no-worker", "--port", sys.argv[1]], obj=make_app)

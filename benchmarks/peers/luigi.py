"""Luigi, whose tasks are done if their output is there."""

from benchmarks.peers.peer import Peer

LUIGI = Peer(
    name="luigi",
    title="Luigi 3.8, S3Target",
    environment="luigi",
    requirements=("luigi==3.8.1", "boto3"),
    job="run_luigi.py",
    store="s3",
    shapes=("row", "group"),
    reads=False,
    resumed="built again: each output is asked for",
)

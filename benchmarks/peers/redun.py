"""redun, whose calls are kept by the hash of what they do."""

from benchmarks.peers.peer import Peer

REDUN = Peer(
    name="redun",
    title="redun 0.44, SQLite",
    environment="redun",
    requirements=("redun==0.44.1",),
    job="run_redun.py",
    store="disk",
    shapes=("row", "group"),
    reads=True,
    resumed="run again on the same database: each call found by its hash",
)

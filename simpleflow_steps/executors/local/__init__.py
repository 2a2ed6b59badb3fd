"""The local executor: the embedded default."""

from simpleflow_steps.executors.local.executor import LocalExecutor

__all__ = ["LocalExecutor"]

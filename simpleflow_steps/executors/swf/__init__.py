"""The executor for Amazon SWF: deciders replay workflows, workers carry out activities."""

from simpleflow_steps.executors.swf.client import SwfClient
from simpleflow_steps.executors.swf.decider import Decider
from simpleflow_steps.executors.swf.executor import SwfExecutor
from simpleflow_steps.executors.swf.worker import Worker

__all__ = ["Decider", "SwfClient", "SwfExecutor", "Worker"]

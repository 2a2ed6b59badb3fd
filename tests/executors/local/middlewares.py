"""Middleware that any process can import."""

from simpleflow_steps import activity

calls = []


def before(context):
    calls.append(("before", context.activity, context.attempt))


def after(context, result):
    calls.append(("after", context.activity, result))


def refuse(context):
    raise PermissionError(f"not {context.activity}")


@activity.with_attributes(name="calls_so_far")
def calls_so_far():
    return calls

"""`sfs swf`: run workflows on Amazon SWF."""

from __future__ import annotations

import click

from simpleflow_steps.cli.swf.looking import history, status
from simpleflow_steps.cli.swf.serving import decider, worker
from simpleflow_steps.cli.swf.standing import standalone
from simpleflow_steps.cli.swf.submitting import register, start
from simpleflow_steps.cli.swf.telling import cancel, signal, terminate


@click.group()
def swf() -> None:
    """Run workflows on Amazon SWF: deciders replay run(), workers carry out activities, SWF keeps the history.

    \b
    export SWF_DOMAIN=jobs AWS_DEFAULT_REGION=eu-west-1 SIMPLEFLOW_STORAGE=s3://my-bucket/flows
    sfs swf register daily:Daily                       the domain and the types, once
    sfs swf decider daily:Daily                        on one machine or on several
    sfs swf worker daily --processes 4                 on as many machines as you like
    sfs swf start daily:Daily 2026-11-20               from anywhere
    sfs swf status daily-20                            how it is
    sfs swf history daily-20                           what happened
    sfs swf standalone daily:Daily 2026-11-20          all of it in one process, for trying out

    The domain is that of --domain, or else of SWF_DOMAIN; the region that of --region, or else what boto3 finds, which
    also reads AWS_ENDPOINT_URL_SWF if SWF is not at AWS. Steps, markers and their storage are those of sfs run: an
    execution that was begun there goes on here, and the other way round.

    Exit codes: 0 completed, 1 the workflow failed, 2 wrong use, 3 an execution of this id is open, 4 SWF or storage out
    of reach, 130 and 143 interrupted.
    """


for command in (cancel, decider, history, register, signal, standalone, start, status, terminate, worker):
    swf.add_command(command)

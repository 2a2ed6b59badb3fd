"""Make the bucket and the SWF domain `simpleflow-steps`; LocalStack runs this inside itself when it is ready."""

import os

import boto3

NAME = "simpleflow-steps"

port = os.environ.get("GATEWAY_LISTEN", "").partition(",")[0].rpartition(":")[2] or "4566"
session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")  # noqa: S106 (LocalStack takes any)
endpoint_url = f"http://127.0.0.1:{port}"

session.client("s3", endpoint_url=endpoint_url).create_bucket(Bucket=NAME)
session.client("swf", endpoint_url=endpoint_url).register_domain(name=NAME, workflowExecutionRetentionPeriodInDays="1")
print(f"LocalStack has the bucket s3://{NAME} and the SWF domain {NAME}.", flush=True)  # noqa: T201

"""Objects in an S3 bucket, or in anything that speaks S3. Importing this loads no boto3."""

from __future__ import annotations

from simpleflow_steps.storage.s3.location import S3Location
from simpleflow_steps.storage.s3.storage import S3Storage

__all__ = ["S3Location", "S3Storage"]

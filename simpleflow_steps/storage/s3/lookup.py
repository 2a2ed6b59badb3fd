"""What only boto3 finds out: credentials in profiles, of roles and from single sign-on, and servers of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, NoCredentialsError

from simpleflow_steps.storage.s3.connection import make_client, make_session
from simpleflow_steps.storage.s3.faults import translate

if TYPE_CHECKING:
    import botocore.session

    from simpleflow_steps.storage.s3.location import S3Location


@dataclass(frozen=True)
class Found:
    """What another client than boto3's needs to be told; the session has the credentials, and renews them."""

    session: botocore.session.Session
    region: str
    endpoint_url: str
    certificates: str


def look_up(location: S3Location) -> Found:
    """Let boto3 look for what a location leaves open.

    :raises StorageDenied: if there are no credentials
    """
    try:
        session = make_session(location)
        credentials = session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        credentials.get_frozen_credentials()
        meta = make_client(session, location, max_pool_connections=1).meta
        bundle = session.get_config_variable("ca_bundle")
        return Found(session, meta.region_name, meta.endpoint_url, bundle or "")
    except (BotoCoreError, ValueError) as error:
        raise translate(error, location.url, {}) from error

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simpleflow_steps.exceptions import InvalidStorageURL
from simpleflow_steps.storage.s3.location import S3Location, parse_bucket, parse_url


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("s3://my-bucket", S3Location("my-bucket")),
        ("s3://my-bucket/", S3Location("my-bucket")),
        ("s3://My_Bucket.x/a/b/", S3Location("My_Bucket.x", "a/b")),
        ("s3://my-bucket/a%20b%3Fc", S3Location("my-bucket", "a b?c")),
        (
            "s3://my-bucket/p?endpoint_url=http://localhost:4566&region=eu-west-1&profile=me&addressing_style=virtual&sse=aws:kms",
            S3Location("my-bucket", "p", "http://localhost:4566", "eu-west-1", "me", "virtual", "aws:kms"),
        ),
        ("s3://my-bucket?profile=auto", S3Location("my-bucket", profile="auto")),
        ("s3://my-bucket?endpoint_url=http%3A%2F%2Fhost", S3Location("my-bucket", endpoint_url="http://host")),
    ],
)
def test_reads_urls(url: str, location: S3Location) -> None:
    assert parse_url(url) == location
    assert parse_url(location.url) == location


@given(prefix=st.text(alphabet=st.characters(exclude_categories=["Cs"])), profile=st.text(min_size=1))
def test_any_location_is_read_back_from_its_url(prefix: str, profile: str) -> None:
    location = S3Location(
        "my-bucket", prefix.strip("/"), "http://[::1]:1", "r", profile.encode("utf-8", "replace").decode()
    )

    assert parse_url(location.url) == location


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("s3://", "needs a bucket"),
        ("s3:///key", "needs a bucket"),
        ("s3://a", "'a'"),
        ("s3://my bucket", "'my bucket'"),
        ("s3://bucket:80/x", "'bucket:80'"),
        ("s3://-bucket", "'-bucket'"),
        ("s3://[x", "not a URL"),
        ("s3://bucket/a#b", "%23"),
        ("s3://bucket?endpoint=x", "'endpoint'.*endpoint_url, region, profile, addressing_style, sse"),
        ("s3://bucket?region=", "region"),
        ("s3://bucket?region=a&region=b", "twice"),
        ("s3://bucket?sse=rot13", "rot13.*AES256, aws:kms"),
        ("s3://bucket?addressing_style=x", "auto, path, virtual"),
        ("s3://bucket?endpoint_url=localhost:4566", "localhost:4566.*http://"),
        ("s3://bucket?endpoint_url=ftp://x", "ftp://x"),
    ],
)
def test_says_what_is_wrong_with_a_url(url: str, told: str) -> None:
    with pytest.raises(InvalidStorageURL, match=told):
        parse_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "s3://me:HIDDEN@bucket/prefix",
        "s3://HIDDEN@bucket",
        "s3://bucket?access_key=HIDDEN",
        "s3://bucket?aws_secret_access_key=HIDDEN",
        "s3://bucket?session_token=HIDDEN",
        "s3://bucket?whatever=HIDDEN",
        "s3://bucket?endpoint_url=http://me:HIDDEN@host",
        "s3://bucket?endpoint_url=ftp://host?x=HIDDEN",
    ],
)
def test_never_repeats_a_secret(url: str) -> None:
    with pytest.raises(InvalidStorageURL) as caught:
        parse_url(url)
    assert "HIDDEN" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "location"),
    [
        ("bucket", S3Location("bucket")),
        ("s3.amazonaws.com/bucket", S3Location("bucket")),
        ("s3.eu-west-1.amazonaws.com/bucket", S3Location("bucket", region="eu-west-1")),
        ("s3-us-gov-west-1.amazonaws.com/bucket", S3Location("bucket", region="us-gov-west-1")),
        ("s3.cn-north-1.amazonaws.com.cn/bucket", S3Location("bucket", region="cn-north-1")),
        ("eu-west-1/bucket", S3Location("bucket", region="eu-west-1")),
        (
            "s3.dualstack.eu-west-1.amazonaws.com/bucket",
            S3Location("bucket", endpoint_url="https://s3.dualstack.eu-west-1.amazonaws.com", region="eu-west-1"),
        ),
        ("minio.example.com:9000/bucket", S3Location("bucket", endpoint_url="https://minio.example.com:9000")),
        ("localhost:4566/bucket", S3Location("bucket", endpoint_url="http://localhost:4566")),
        ("127.0.0.1:9000/bucket", S3Location("bucket", endpoint_url="http://127.0.0.1:9000")),
        ("[::1]:9000/bucket", S3Location("bucket", endpoint_url="http://[::1]:9000")),
    ],
)
def test_reads_simpleflows_buckets(text: str, location: S3Location) -> None:
    assert parse_bucket(text) == location


@pytest.mark.parametrize("text", ["", "/bucket", "host/", "host/bucket/more", "me:HIDDEN@host/bucket", "ho st/bucket"])
def test_refuses_what_is_no_bucket(text: str) -> None:
    with pytest.raises(InvalidStorageURL) as caught:
        parse_bucket(text)
    assert "HIDDEN" not in str(caught.value)

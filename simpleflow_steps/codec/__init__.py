"""JSON in and out: documents, results and arguments, typed by the annotations of activities and workflows."""

from simpleflow_steps.codec.arguments import (
    check_arguments,
    check_fit,
    decode_arguments,
    digest,
    encode_arguments,
    parse_arguments,
)
from simpleflow_steps.codec.equality import difference, same
from simpleflow_steps.codec.json import NotJSON, check, dumps, flaw, is_text, loads, written
from simpleflow_steps.codec.records import Moment, NotARecord, always, as_record, document, read
from simpleflow_steps.codec.results import (
    Encoded,
    NotReadable,
    NotStorable,
    Shape,
    decode_result,
    encode_list,
    encode_result,
)
from simpleflow_steps.codec.targets import (
    UnknownTarget,
    UnusableHint,
    describe,
    reference,
    resolve,
    return_hint,
    signature,
)

__all__ = [
    "Encoded",
    "Moment",
    "NotARecord",
    "NotJSON",
    "NotReadable",
    "NotStorable",
    "Shape",
    "UnknownTarget",
    "UnusableHint",
    "always",
    "as_record",
    "check",
    "check_arguments",
    "check_fit",
    "decode_arguments",
    "decode_result",
    "describe",
    "difference",
    "digest",
    "document",
    "dumps",
    "encode_arguments",
    "encode_list",
    "encode_result",
    "flaw",
    "is_text",
    "loads",
    "parse_arguments",
    "read",
    "reference",
    "resolve",
    "return_hint",
    "same",
    "signature",
    "written",
]

"""Answers are as small as the client can take."""

import gzip

import brotli
import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from frontend_api.compression import WORTH_IT, coding_for, compress


@pytest.mark.parametrize(
    "accepted, coding",
    [
        ("", ""),
        ("gzip", "gzip"),
        ("gzip, deflate, br", "br"),
        ("GZIP;q=0.5, br;q=0", "gzip"),
        ("*", "br"),
        ("*;q=0, gzip", "gzip"),
        ("identity", ""),
        ("br;q=0.000, gzip;q=0", ""),
    ],
)
def test_the_best_coding_that_is_accepted_is_taken(accepted, coding):
    assert coding_for(accepted) == coding


@pytest.mark.parametrize("coding, expand", [("br", brotli.decompress), ("gzip", gzip.decompress)])
def test_a_large_answer_is_compressed(coding, expand):
    content = b'{"a": 1}' * WORTH_IT
    made = compress(RequestFactory().get("/", headers={"accept-encoding": coding}), HttpResponse(content))
    assert (made["Content-Encoding"], made["Vary"]) == (coding, "Accept-Encoding")
    assert len(made.content) < len(content) / 50
    assert expand(made.content) == content


def test_a_small_answer_is_left_alone():
    made = compress(RequestFactory().get("/", headers={"accept-encoding": "br"}), HttpResponse(b"{}"))
    assert (made.content, made.has_header("Content-Encoding"), made["Vary"]) == (b"{}", False, "Accept-Encoding")

#!/usr/bin/python3
"""Record batches as python3-kafka writes them (Debian: python3-kafka, -lz4, -snappy, -zstandard): the golden files here.

usage: make_batches.py make        writes them beside itself
       make_batches.py read FILE   prints the records of a batch, one JSON line each, as that client reads them
"""
import base64
import json
import pathlib
import sys

from kafka.codec import snappy_encode
from kafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder
import kafka.record.default_records as records

HERE = pathlib.Path(__file__).parent
START = 1_700_000_000_000
PARENT = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
NONE, GZIP, SNAPPY, LZ4, ZSTD = range(5)


def order(number):
    return json.dumps({"order": number, "customer": f"customer-{number % 7}", "lines": [{"sku": "a-1", "count": 2}] * 4})


def many():
    """Twenty records; the fifth, tenth, ... carry a context already."""
    for i in range(20):
        headers = [("content-type", b"application/json"), ("traceparent", PARENT)] if i % 5 == 4 else []
        yield (START + i, f"key-{i}".encode(), order(i).encode(), headers)


def odd():
    """What is allowed and rare: nulls, empty texts, time that goes back, every header with a context."""
    yield (START, None, None, [])
    yield (START - 5000, b"", b"", [("", b""), ("null", None)])
    yield (START + 1, b"key", b"x" * 200, [("b3", b"80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1")])
    yield (START + 2, b"key", b"value", [("uber-trace-id", b"5af7183fb1d4cf5f:e457b5a2e4d86bd1:0:1")])
    yield (START + 3, b"key", b"value", [("ce_traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")])
    yield (START + 4, b"key", b"value", [("TraceParent", PARENT), ("tracestate", b"vendor=1")])
    yield (START + 5, b"key", b"value", [("traceparent", b"nonsense"), ("b3", b"0")])


def build(source, codec=NONE, transactional=False, producer=(-1, -1, -1)):
    builder = DefaultRecordBatchBuilder(2, codec, transactional, *producer, 1 << 20)
    for offset, (timestamp, key, value, headers) in enumerate(source):
        assert builder.append(offset, timestamp, key, value, headers)
    return bytes(builder.build())


def raw_snappy():
    usual = records.snappy_encode
    records.snappy_encode = lambda data: snappy_encode(data, xerial_compatible=False)
    try:
        return build(many(), SNAPPY)
    finally:
        records.snappy_encode = usual


def make():
    batches = {
        "plain": build(many()),
        "odd": build(odd()),
        "idempotent": build(many(), producer=(4711, 3, 500)),
        "transactional": build(many(), transactional=True, producer=(4711, 3, 520)),
        "gzip": build(many(), GZIP),
        "snappy": build(many(), SNAPPY),
        "snappy_raw": raw_snappy(),
        "lz4": build(many(), LZ4),
        "zstd": build(many(), ZSTD),
    }
    for name, batch in batches.items():
        (HERE / f"{name}.batch").write_bytes(batch)
        print(f"{name}: {len(batch)} bytes")


def text(data):
    return None if data is None else base64.b64encode(data).decode()


def read(path):
    batch = DefaultRecordBatch(pathlib.Path(path).read_bytes())
    assert batch.validate_crc(), "the checksum is wrong"
    for record in batch:
        headers = [[name, text(value)] for name, value in record.headers]
        print(json.dumps([record.offset, record.timestamp, text(record.key), text(record.value), headers]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["read"]:
        read(sys.argv[2])
    else:
        make()

"""The result, in Redis: one hash of all products, one for each customer, each with the version of the counts that it is of.

What is of an older version never replaces what is of a newer one, so that an aggregator that slept and goes on where it was changes nothing.
"""
import json
import os

import redis

URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379")
ALL = "recent:products"
GONE = redis.exceptions.RedisError
LIFE = 2 * 24 * 60 * 60  # seconds; what nobody writes any more goes

# Of counts that were begun anew (another series) every version is newer. Returns what was there before: 0 nothing, 1 older, -1 newer.
WRITE = """
local held = redis.call('HMGET', KEYS[1], 'series', 'version')
if held[1] == ARGV[1] and tonumber(held[2]) > tonumber(ARGV[2]) then return -1 end
for index, key in ipairs(KEYS) do
    redis.call('HSET', key, 'series', ARGV[1], 'version', ARGV[2], 'document', ARGV[index + 3])
    redis.call('EXPIRE', key, ARGV[3])
end
return held[1] and 1 or 0
"""


def of_customer(customer):
    return f"recent:customer:{customer}"


class Cache:
    """Patient for a moment only: a page that waits for its cache is no faster than one without."""

    def __init__(self, url=URL):
        self.redis = redis.Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5, decode_responses=True)
        self.script = self.redis.register_script(WRITE)

    def write(self, document, by_customer):
        """"new" where nothing was in the cache, "written", or "overtaken"; GONE when it cannot be reached."""
        keys = [ALL, *map(of_customer, by_customer)]
        values = [json.dumps(document), *map(json.dumps, by_customer.values())]
        return {0: "new", 1: "written", -1: "overtaken"}[self.script(keys, [document["series"], document["version"], LIFE, *values])]

    def read(self):
        """The document of all products, None where there is none."""
        return self.document(ALL)

    def read_customer(self, customer):
        return self.document(of_customer(customer)) or []

    def document(self, key):
        text = self.redis.hget(key, "document")
        return json.loads(text) if text else None

"""The last day, in buckets of a minute. A day slides over them: what it has left behind as a whole is no longer counted.

So an order counts for a day, and for one minute more at most.
"""
BUCKET = 60_000  # milliseconds
DAY = 24 * 60 * BUCKET


def bucket_of(moment):
    return moment // BUCKET


def oldest_bucket(now):
    """The first one that counts: some of it is less than a day ago."""
    return (now - DAY) // BUCKET

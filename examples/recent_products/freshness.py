"""How old what a page shows is. Not how old the last order is: where nobody orders anything, a page is as true as it was.

What counts is the moment up to which the counts are complete: now, while nothing waits to be counted and somebody looks after it.
"""
import os

import clock

STALE_AFTER = float(os.environ.get("STALE_AFTER", "5"))  # seconds


def judged(document, now, source, limit=STALE_AFTER):
    """What the page and its fields say; `document` may be None."""
    if document is None:
        return {"state": "unknown", "source": source, "limitSeconds": limit}
    age = seconds(now - document["completeToMs"])
    newest = document["newestMs"]
    return {"state": "fresh" if age <= limit and source == "cache" else "stale", "source": source, "ageSeconds": age,
            "limitSeconds": limit, "completeTo": clock.text(document["completeToMs"]), "lag": document["lag"],
            **({"newestEventAt": clock.text(newest), "newestEventAgeSeconds": seconds(now - newest)} if newest else {})}


def seconds(milliseconds):
    return max(0, round(milliseconds / 1000, 3))


def fields(fresh):
    """The same for machines, as header fields."""
    told = {"Freshness": fresh["state"], "Freshness-Source": fresh["source"]}
    if "ageSeconds" in fresh:
        told["Freshness-Age"] = f"{fresh['ageSeconds']:.3f}"  # when this was said; who keeps an answer adds its Age
    if fresh.get("lag") is not None:
        told["Freshness-Lag"] = str(fresh["lag"])
    return told

#!/usr/bin/python3
"""The shop's home page, with what was bought recently: from the cache, or the last good one when the cache is gone."""
import os
import threading

import cache
import clock
import events
import freshness
import page
import web


class Shelf:
    """The last good document that came out of the cache."""

    def __init__(self):
        self.cache, self.lock, self.last = cache.Cache(), threading.Lock(), None

    def read(self, customer=None):
        """(document or None, what the customer bought, where it is from)"""
        try:
            document = self.cache.read()
            bought = self.cache.read_customer(customer) if customer else []
        except cache.GONE as error:
            print(f"the cache cannot be reached: {error}", flush=True)
            return self.last, [], "last good page" if self.last else "nowhere"
        with self.lock:
            if document is None:  # emptied, and not written yet
                return self.last, bought, "last good page" if self.last else "cache"
            self.last = document
        return document, bought, "cache"


    def heard(self, topic, event):
        """The cache has changed: what is the last good document is never long ago."""
        self.read()


shelf = Shelf()


class Home(web.Service):
    fields = {}

    def reply(self, method, path, body, query):
        if method == "GET" and path in ([""], ["recent"]):
            customer = query.get("customer")
            document, bought, source = shelf.read(customer)
            fresh = freshness.judged(document, clock.now(), source)
            self.fields = freshness.fields(fresh)
            status = 200 if document or source == "cache" else 503
            return status, (page.rendered(document, fresh, customer, bought) if path == [""] else
                            as_json(document, fresh, customer, bought))
        return super().reply(method, path, body, query)

    def respond(self, method, path, body, query):
        """`/healthz`: whether it serves a page; `/freshness`: whether that is worth something, which others may take as a dependency."""
        self.fields = {}
        if path not in (["healthz"], ["freshness"]):
            return super().respond(method, path, body, query)
        document, _, source = shelf.read()
        fresh = freshness.judged(document, clock.now(), source)
        status = 503 if path == ["freshness"] and fresh["state"] != "fresh" else 200
        return status, {"status": "up" if fresh["state"] == "fresh" else fresh["state"], "freshness": fresh}

    def end_headers(self):
        for name, value in self.fields.items():
            self.send_header(name, value)
        super().end_headers()


def as_json(document, fresh, customer, bought):
    products = [{**each, "lastBoughtAt": clock.text(each["newestMs"])} for each in (document or {}).get("products", [])]
    return {"products": products, "freshness": fresh, **({"customer": customer, "bought": bought} if customer else {})}


if __name__ == "__main__":
    web.in_background(events.consume, ["recent-changed"], f"home-{os.environ.get('NAME', '1')}", shelf.heard)
    web.serve(Home)

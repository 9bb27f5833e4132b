#!/usr/bin/python3
"""The shop's face: takes a customer's wishes and passes them to orders."""
import html
import os
import urllib.parse

import web

ORDERS = os.environ.get("ORDERS_URL", "http://orders")

PAGE = """<!doctype html>
<title>The shop</title>
<h1>The shop</h1>
<p>Place an order, and wait for what becomes of it:</p>
<pre>curl -d '{"customer": "ada@example.org", "sku": "tea", "quantity": 2}' http://THIS_ADDRESS/orders</pre>
<p>Or have it worked on while you do something else, and look later:</p>
<pre>curl -d '{"customer": "ada@example.org", "sku": "tea", "quantity": 2}' http://THIS_ADDRESS/orders?by=events
curl http://THIS_ADDRESS/orders/4711</pre>
"""


class Frontend(web.Service):
    def reply(self, method, path, body, query):
        if method == "GET" and path == [""]:
            return 200, PAGE.replace("THIS_ADDRESS", html.escape(self.headers.get("Host", "")))
        if method == "GET" and len(path) == 2 and path[0] == "orders":
            return web.call("GET", f"{ORDERS}/orders/{path[1]}")
        if method == "POST" and path == ["orders"]:
            return web.call("POST", f"{ORDERS}/orders?{urllib.parse.urlencode(query)}".rstrip("?"), body)
        return super().reply(method, path, body, query)


if __name__ == "__main__":
    web.serve(Frontend)

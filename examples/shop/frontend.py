"""The shop's face: takes a customer's wishes and passes them to orders."""
import html
import os

import web

ORDERS = os.environ.get("ORDERS_URL", "http://orders")

PAGE = """<!doctype html>
<title>The shop</title>
<h1>The shop</h1>
<p>Look at <a href="/orders/1">order 1</a>, or place one:</p>
<pre>curl -d '{"sku": "tea", "quantity": 2}' http://THIS_ADDRESS/orders</pre>
"""


class Frontend(web.Service):
    def get(self, path):
        if path == [""]:
            return 200, PAGE.replace("THIS_ADDRESS", html.escape(self.headers.get("Host", "")))
        if len(path) == 2 and path[0] == "orders":
            return self.call("GET", f"{ORDERS}/orders/{path[1]}")
        return super().get(path)

    def post(self, path, body):
        if path == ["orders"]:
            return self.call("POST", f"{ORDERS}/orders", body)
        return super().post(path, body)


if __name__ == "__main__":
    web.serve(Frontend)

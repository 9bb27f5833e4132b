"""Takes orders: looks whether there is enough in stock, and tells whoever wants to know that an order was placed."""
import itertools
import os

import events
import web

STOCK = os.environ.get("STOCK_URL", "http://stock")

placed = events.Topic("order-placed")
orders = {"1": {"order": "1", "sku": "coffee", "quantity": 1}}
numbers = itertools.count(2)


class Orders(web.Service):
    def get(self, path):
        if len(path) != 2 or path[0] != "orders" or path[1] not in orders:
            return 404, {"error": "no such order"}
        order = orders[path[1]]
        status, stock = self.call("GET", f"{STOCK}/stock/{order['sku']}")
        return (200, {**order, "left": stock["left"]}) if status == 200 else (502, stock)

    def post(self, path, body):
        sku, quantity = body.get("sku"), body.get("quantity", 1)
        status, stock = self.call("GET", f"{STOCK}/stock/{sku}")
        if status != 200:
            return status, stock
        if stock["left"] < quantity:
            return 409, {"error": f"only {stock['left']} of {sku} left"}
        order = {"order": str(next(numbers)), "sku": sku, "quantity": quantity}
        error = placed.publish(order["order"], order, self.headers.get("traceparent"))
        if error:
            return 503, {"error": f"the order could not be placed: {error}"}
        orders[order["order"]] = order
        return 201, order


if __name__ == "__main__":
    web.serve(Orders)

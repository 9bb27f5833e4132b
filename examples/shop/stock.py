"""Knows what is on the shelf. When an order was placed it takes the goods off and has them sent."""
import os
import threading

import events
import web

SHIPPING = os.environ.get("SHIPPING_URL", "http://shipping")

shelf = {"coffee": 120, "tea": 80, "cocoa": 3}


class Stock(web.Service):
    def get(self, path):
        if len(path) == 2 and path[0] == "stock" and path[1] in shelf:
            return 200, {"sku": path[1], "left": shelf[path[1]]}
        return 404, {"error": f"no {path[-1]} on the shelf"}


def order_placed(order, traceparent):
    if shelf.get(order["sku"], 0) < order["quantity"]:
        print(f"order {order['order']}: {order['sku']} is sold out", flush=True)
        return
    shelf[order["sku"]] -= order["quantity"]
    status, answer = web.call("POST", f"{SHIPPING}/parcels", order, traceparent)
    print(f"order {order['order']}: shipping answered {status} {answer}", flush=True)


if __name__ == "__main__":
    threading.Thread(target=events.consume, args=("order-placed", "stock", order_placed), daemon=True).start()
    web.serve(Stock)

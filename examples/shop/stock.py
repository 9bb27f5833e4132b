"""Knows what is on the shelf."""
import threading

import web

shelf = {"coffee": 120, "tea": 80, "cocoa": 3}
lock = threading.Lock()


class Stock(web.Service):
    def get(self, path):
        if len(path) == 2 and path[0] == "stock" and path[1] in shelf:
            return 200, {"sku": path[1], "left": shelf[path[1]]}
        return 404, {"error": f"no {path[-1]} on the shelf"}

    def post(self, path, body):
        if len(path) != 3 or path[2] != "reservations" or path[1] not in shelf:
            return super().post(path, body)
        with lock:
            if shelf[path[1]] < body["quantity"]:
                return 409, {"error": "sold out"}
            shelf[path[1]] -= body["quantity"]
            return 201, {"sku": path[1], "left": shelf[path[1]]}


if __name__ == "__main__":
    web.serve(Stock)

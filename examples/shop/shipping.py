"""Packs parcels."""
import itertools

import web

numbers = itertools.count(1)


class Shipping(web.Service):
    def post(self, path, body):
        if path == ["parcels"]:
            return 201, {"parcel": next(numbers), "order": body.get("order")}
        return super().post(path, body)


if __name__ == "__main__":
    web.serve(Shipping)

"""What the chain of an order in the shop is, hop by hop: "~source" is behind what no service told, but was inferred."""
from chains import hops

PAID_BY_CALLS = """
frontend POST 201
  frontend → orders POST 201 ~echo
    orders POST 201
      orders → inventory POST 201 ~echo
        inventory POST 201
      orders → payment POST 201 ~echo
        payment POST 201
"""
INSUFFICIENT_BY_CALLS = """
frontend POST 409
  frontend → orders POST 409 ~echo
    orders POST 409
      orders → inventory POST 409 ~echo
        inventory POST 409
"""
COMPENSATED_BY_CALLS = """
frontend POST 402
  frontend → orders POST 402 ~echo
    orders POST 402
      orders → inventory POST 201 ~echo
        inventory POST 201
      orders → payment POST 402 ~echo
        payment POST 402
      orders → inventory DELETE 200 ~echo
        inventory DELETE 200
"""
TWICE_BY_CALLS = """
frontend POST 201
  frontend → orders POST 201 ~echo
    orders POST 201
      orders → inventory POST 201 ~echo
        inventory POST 201
      orders → inventory POST 200 ~echo
        inventory POST 200
      orders → payment POST 201 ~echo
        payment POST 201
      orders → payment POST 200 ~echo
        payment POST 200
"""

PLACED = hops("""
frontend POST 202
  frontend → orders POST 202 ~echo
    orders POST 202
""", ("order-placed", "inventory"))
STUCK_AT_PAYMENT = hops(PLACED, ("stock-reserved", "payment"))
PAID_BY_EVENTS = hops(STUCK_AT_PAYMENT, ("payment-charged", "orders"))
INSUFFICIENT_BY_EVENTS = hops(PLACED, ("stock-rejected", "orders"))
COMPENSATED_BY_EVENTS = STUCK_AT_PAYMENT + """
              payment send payment-failed ~echo
                inventory process payment-failed
                  inventory send stock-released ~echo|timing
                    orders process stock-released
                orders process payment-failed
"""
TWICE_BY_EVENTS = PAID_BY_EVENTS + """
          inventory send stock-reserved ~echo
            payment process stock-reserved
"""

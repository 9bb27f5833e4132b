"""The home page, of a document and how fresh it is."""
import html

import clock

STYLE = """:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #8885}
td+td,th+th{text-align:right}.fresh{color:#2a7d3c}.stale,.unknown{color:#b3411f;font-weight:bold}"""


def rendered(document, fresh, customer=None, bought=()):
    own = f"<h2>{escaped(customer)} has bought</h2>\n{table(('product', 'last'), map(of_customer, bought))}" if customer else ""
    rows = [(each["product"], each["orders"], each["quantity"], clock.text(each["newestMs"])) for each in (document or {}).get("products", [])]
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Recently bought</title><style>{STYLE}</style>
<h1>Recently bought</h1>
<p class="{fresh['state']}">{escaped(said(fresh))}</p>
{table(('product', 'orders in a day', 'pieces', 'last'), rows)}
{own}</html>
"""


def said(fresh):
    if fresh["state"] == "unknown":
        return "Nothing is known yet: the cache cannot be reached." if fresh["source"] != "cache" else "Nothing has been counted yet."
    age = f"{fresh['completeTo']}, {fresh['ageSeconds']:.1f} s"
    if fresh["source"] != "cache":
        return f"This is the last good page: the cache cannot be reached. Complete up to {age} ago."
    lag = f"; {fresh['lag']} orders wait to be counted" if fresh["lag"] else ""
    return f"Complete up to {age} ago{lag}." if fresh["state"] == "fresh" else f"Stale: complete up to {age} ago only{lag}."


def of_customer(each):
    return each["product"], clock.text(each["newestMs"])


def table(names, rows):
    head = "".join(f"<th>{escaped(name)}" for name in names)
    body = "\n".join("<tr>" + "".join(f"<td>{escaped(value)}" for value in row) for row in rows)
    return f"<table><tr>{head}\n{body}</table>"


def escaped(value):
    return html.escape(str(value))

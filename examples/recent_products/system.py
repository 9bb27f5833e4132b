"""What recently bought products consist of: four services, and Redis behind them."""
import pathlib

from demo.system import Backing, Service, System

FOLDER = pathlib.Path(__file__).resolve().parent
CLOCK = {"CLOCK_FILE": "$shared/clock"}  # one for all of them, so that a day passes for all
CACHE = {"REDIS_URL": "redis://127.0.0.1:$cache"}
COUNTS = {**CLOCK, **CACHE, "DATABASE": "$shared/recent.db", "SESSION_TIMEOUT_MS": "3000"}

# The page is worth something while what it shows is fresh: a dependency of the service, whose own health is another question.
HOME = """upstreams: {freshness: {endpoints: [127.0.0.1:$app], health: {http: /freshness, every: 500ms, timeout: 2s, rise: 1, fall: 2}}}
health: {app: {http: /healthz, every: 1s, rise: 1, fall: 3}}
policies: $folder/policies
"""


def aggregator(name):
    return Service(name, of="aggregator", script="aggregator.py", kafka=True, consuming="given: ", environment={**COUNTS, "NAME": name})


RECENT_PRODUCTS = System(
    folder=FOLDER,
    services=(
        aggregator("aggregator-2"),
        aggregator("aggregator-1"),
        Service("orders", kafka=True, consuming="consuming orders-counted", environment={**CLOCK, "DATABASE": "$data/orders.db"}),
        Service("home", kafka=True, consuming="consuming recent-changed", environment={**CLOCK, **CACHE}, sidecar=HOME),
    ),
    topics=("orders-placed:1", "orders-counted:1", "recent-changed:1"),
    keys='{order: ["path:order", "json:/orderId"], product: ["json:/product"], customer: ["json:/customer"]}',
    flows=FOLDER / "flows.yaml",
    backing=(Backing("cache", ("redis-server", "--port", "$cache", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", "$data")),),
)

"""What the shop consists of."""
import pathlib

from demo.system import Service, System

FOLDER = pathlib.Path(__file__).resolve().parent
SHOP = System(
    folder=FOLDER,
    services=(
        Service("payment", kafka=True, consuming="consuming stock-reserved", compiled="shop_payment"),
        Service("inventory", kafka=True, consuming="consuming order-placed"),
        Service("orders", calls=("inventory", "payment"), kafka=True, consuming="consuming stock-rejected", environment={"FIRST_ORDER": "4709"},
                sidecar="policies: $folder/policies\n"),
        Service("frontend", calls=("orders",)),
    ),
    topics=("order-placed", "stock-reserved", "stock-rejected", "stock-released", "payment-charged", "payment-failed"),
    flows=FOLDER / "flows.yaml",
    keys='{order: ["path:order", "json:/orderId", "kafka:key"]}',
)

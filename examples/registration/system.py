"""What the registration consists of."""
import pathlib

from demo.system import Service, System

FOLDER = pathlib.Path(__file__).resolve().parent
REGISTRATION = System(
    folder=FOLDER,
    services=(
        Service("stock", kafka=True, consuming="consuming package-ordered"),
        Service("orders", kafka=True, consuming="consuming mail-written"),
        Service("users", kafka=True, consuming="consuming user-accepted"),
        Service("mail", calls=("users",), kafka=True, consuming="consuming user-created"),
        Service("behaviour", kafka=True, consuming="consuming users"),
        Service("registration", calls=("users",), kafka=True),
    ),
    topics=("users", "user-accepted", "user-spam", "user-created", "user-refused", "user-removed", "mail-written", "mail-failed",
            "package-ordered", "stock-reserved", "stock-insufficient", "package-sent", "package-cancelled"),
    flows=FOLDER / "flows.yaml",
    keys='{user: ["path:user", "path:mail", "json:/userId", "kafka:key"], package: ["json:/packageId"], mailbox: ["json:/mailbox"]}',
)

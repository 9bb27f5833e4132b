"""Resident memory: idle, and per idle connection before and after an exchange."""
import resource
import socket
import sys

import measuring
import wire

REQUEST = b"GET /small HTTP/1.1\r\nHost: app\r\nAccept: application/json\r\n\r\n"
AT_ONCE = 100


def measure(bench, options):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = options.connections + 1000
    if hard < needed:
        raise SystemExit(f"error: {needed} descriptors are needed and the hard limit is {hard}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed), hard))
    counter = bench.counter()
    makers = {"haproxy": bench.haproxy, "nginx": bench.nginx, "outrider inbound": lambda: bench.sidecar("inbound", 0.1, counter),
              "outrider outbound": lambda: bench.sidecar("outbound", 0.1, counter)}
    results = {name: of_one(bench, name, make, options.connections) for name, make in makers.items()}
    bench.end(counter)
    return {"connections": options.connections, "rows": results}


def of_one(bench, name, make, count):
    server = make()
    idle, own = measuring.settled(server), server.anonymous()
    clients = [socket.create_connection(server.address, 10) for _ in range(count)]
    before = measuring.settled(server)
    for start in range(0, count, AT_ONCE):
        exchanges(clients[start:start + AT_ONCE])
    after = measuring.settled(server)
    for client in clients:
        client.close()
    bench.end(server)
    result = {"idle": idle, "idle_anonymous": own, "per_fresh": (before - idle) / count, "per_used": (after - idle) / count}
    print(f"{name}: {idle / 2**20:.1f} MiB idle, {result['per_fresh']:.0f} B and {result['per_used']:.0f} B per connection",
          file=sys.stderr, flush=True)
    return result


def exchanges(clients):
    """One exchange on each of these, all at once."""
    for client in clients:
        client.sendall(REQUEST)
    for client in clients:
        answer = wire.Reader(client).response()
        assert answer.status == 200, answer.start

"""A stop under interception: callers lose nothing that was accepted, and the application's tunnels are waited for."""
import signal
import time

import callers
import harness
import intercepted
import wire

from intercepted import INBOUND, Intercepted


class AStop(Intercepted):
    def test_loses_nothing_that_was_accepted(self):
        self.server(host="0.0.0.0", namespace=self.near, port=8080)
        self.install("--ports-in", "8080")
        for workers in (1, 2):
            with self.subTest(workers=workers):
                # Declared: who is slow to speak is not taken for a tunnel, which nobody can tell to go elsewhere.
                what = {"inbound": INBOUND, "ports_in": [8080], "ports": {"8080": "http"}}
                sidecar, _ = self.intercepting(what, drain="2s", workers=workers)
                with self.far.entered():
                    load = callers.Callers((self.here, 8080))
                wire.wait_for(lambda running=load: running.answered > 300, "requests")
                sidecar.signal(signal.SIGTERM)
                self.assertEqual(sidecar.wait(10), 0)
                self.assertTrue(load.ended())
                self.assertEqual(load.lost, [])
                self.assertEqual(load.refused, 12)
                self.assertNotIn("cut off", sidecar.log())
                print(f"{workers} workers: {load.answered} answered", flush=True)

    def test_waits_for_the_applications_tunnels_and_takes_new_ones(self):
        def echo(connection):
            connection.sendall(b"hello")
            while piece := connection.recv(1000):
                connection.sendall(piece)
        server = self.server(raw=echo)
        sidecar, _ = self.intercepting(drain="20s")
        self.install()
        with self.near.entered():
            with wire.Client(server.address) as application:
                self.assertEqual(application.exactly(5), b"hello")
                sidecar.signal(signal.SIGTERM)
                for _ in range(5):
                    time.sleep(0.3)
                    self.assertEqual(application.send("still there").exactly(11), b"still there")
                with wire.Client(server.address) as another:
                    self.assertEqual(another.exactly(5), b"hello")
                self.assertIsNone(sidecar.process.poll())
            gone = time.monotonic()
        self.assertEqual(self.taken_as(sidecar, "tcp"), 2)
        self.assertEqual(sidecar.wait(5), 0)
        self.assertLess(time.monotonic() - gone, 1)


if __name__ == "__main__":
    intercepted.skip_where_impossible()
    harness.main()

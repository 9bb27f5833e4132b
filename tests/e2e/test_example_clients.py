"""The Kafka clients of the examples can be loaded where Python is newer than they are."""
import subprocess
import unittest

import processes

# As from Python 3.12 on: the six within kafka-python 2.0.2 finds its modules in a way that Python has given up.
NEWER = """
import sys
class Forgetful:
    def find_spec(name, path=None, target=None):
        if name.startswith("kafka.vendor.six."):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Forgetful)
sys.version_info = (3, 12, 1, "final", 0)
import events_kafka_python as events
print(events.kafka.KafkaProducer.__name__, events.kafka.errors.KafkaError.__name__)
"""


class Clients(unittest.TestCase):
    def test_kafka_python_loads_with_a_newer_python(self):
        done = subprocess.run(["/usr/bin/python3", "-c", NEWER], capture_output=True, text=True, timeout=60, check=False,
                              env=processes.clean_environment({"PYTHONPATH": str(processes.ROOT / "examples/service"),
                                                               "PYTHONDONTWRITEBYTECODE": "1"}))
        self.assertEqual(done.stdout, "KafkaProducer KafkaError\n", done.stderr)


if __name__ == "__main__":
    unittest.main()

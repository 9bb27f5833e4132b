"""Kubernetes manifests as the API server understands them, and what is wrong between them."""
import json
import subprocess


def decode(program, *paths, text=None):
    """The objects of files, or of a text; an AssertionError with all that is wrong with them as manifests."""
    done = subprocess.run([program, *(map(str, paths) if text is None else ["-"])], input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def template_of(thing):
    """The pod template of a workload, or the pod itself; None for what has no pods."""
    spec = thing.get("spec", {})
    if thing["kind"] == "Pod":
        return thing
    if thing["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    return spec.get("template")


class Objects:
    """The objects of one namespace, by kind and name."""

    def __init__(self, things):
        self.things = things

    def of(self, kind):
        return {thing["metadata"]["name"]: thing for thing in self.things if thing["kind"] == kind}

    def pods(self):
        """[(workload's name, pod template)]"""
        return [(thing["metadata"]["name"], template) for thing in self.things if (template := template_of(thing))]

    def pods_behind(self, service):
        selector = service["spec"]["selector"].items()
        return [(name, pod) for name, pod in self.pods() if selector <= pod["metadata"].get("labels", {}).items()]


def containers(pod):
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def ports(pod):
    """{name or number: number}"""
    found = {}
    for container in containers(pod):
        for port in container.get("ports", []):
            found[port["containerPort"]] = found[port.get("name", port["containerPort"])] = port["containerPort"]
    return found


def sidecar(pod):
    return next((each for each in pod["spec"].get("initContainers", []) if each["name"] == "outrider"), None)


def matches(selector, labels):
    """A label selector as the API server reads it."""
    if not set(selector.get("matchLabels", {}).items()) <= set(labels.items()):
        return False
    for rule in selector.get("matchExpressions", []):
        has = labels.get(rule["key"]) in rule.get("values", [])
        if {"In": has, "NotIn": not has, "Exists": rule["key"] in labels, "DoesNotExist": rule["key"] not in labels}[rule["operator"]] is False:
            return False
    return True


def may_enter(objects, source, target, port):
    """Whether the network policies let a pod with the labels `source` open a connection to `port` of the pod `target`."""
    labels = target["metadata"]["labels"]
    judges = [each["spec"] for each in objects.of("NetworkPolicy").values()
              if "Ingress" in each["spec"]["policyTypes"] and matches(each["spec"]["podSelector"], labels)]
    if not judges:
        return True
    for rule in (rule for judge in judges for rule in judge.get("ingress", [])):
        asked = [ports(target).get(each["port"], each["port"]) for each in rule.get("ports", [])]
        peers = rule.get("from")
        near = peers is None or any("namespaceSelector" not in peer and matches(peer["podSelector"], source) for peer in peers)
        if near and (not asked or port in asked):
            return True
    return False

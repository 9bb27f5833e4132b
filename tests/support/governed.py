"""Sidecars under policies."""
import json

import harness


def policies(*each):
    """A file of policies, from the texts of its items."""
    return "policies:\n" + "".join(each)


class Governed(harness.Case):
    def governed(self, text, app=None, workers=2, settings=None, **how):
        """A sidecar under the policies of this text; the application echoes unless another is given."""
        path = self.folder() / "policies.yaml"
        path.write_text(text)
        chosen = {"policies": str(path), "workers": workers, **(settings or {})}
        return self.sidecar(app or self.origin(), settings=chosen, **how)

    def slots(self, proxy, policy):
        """(under way, waiting) of the policy's only `concurrency`."""
        page = json.loads(proxy.get("/api/policies").body)
        rules = next(each["rules"] for each in page["policies"] if each["name"] == policy)
        rule = next(each for each in rules if each["rule"] == "concurrency")
        return rule["under_way"], rule["waiting"]

    def decisions(self, proxy, **labels):
        return proxy.total("outrider_policy_decisions_total", **labels)

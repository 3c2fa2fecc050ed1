"""NetworkPolicies as rules of iptables. Stands for the network plugin that no package registry has.

Reads what the API server has, and nothing of ours: <https://kubernetes.io/docs/concepts/services-networking/network-policies/>.
IPv4 alone, and single ports.
"""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

CHAIN = "LIVE"
OPERATORS = {
    "In": lambda value, values: value in values,
    "NotIn": lambda value, values: value not in values,
    "Exists": lambda value, _: value is not None,
    "DoesNotExist": lambda value, _: value is None,
}


@dataclass(frozen=True)
class Direction:
    """One of the two ways, as policies and as iptables spell it."""

    name: str
    rules: str
    peers: str
    own: str
    other: str


DIRECTIONS = (Direction("Egress", "egress", "to", "-s", "-d"), Direction("Ingress", "ingress", "from", "-d", "-s"))


def matches(selector: dict, labels: dict) -> bool:
    """Whether a label selector selects something with these labels."""
    wanted = selector.get("matchLabels", {}).items()
    expressions = selector.get("matchExpressions", [])
    return all(labels.get(key) == value for key, value in wanted) and all(
        OPERATORS[one["operator"]](labels.get(one["key"]), one.get("values", [])) for one in expressions
    )


class Cluster:
    """The pods that have an address, the namespaces and the policies of a moment."""

    def __init__(self, objects: list[dict]) -> None:
        def of(kind: str) -> list[dict]:
            return [one for one in objects if one["kind"] == kind]

        self.namespaces = {one["metadata"]["name"]: one["metadata"].get("labels", {}) for one in of("Namespace")}
        self.pods = [one for one in of("Pod") if one["status"].get("podIP") and one["status"]["phase"] in ("Pending", "Running")]
        self.policies = of("NetworkPolicy")

    def rules(self) -> str:
        """The input of `iptables-restore --noflush`. What no rule of a closed pod lets pass is dropped."""
        chains, lines = [CHAIN], [f"-A {CHAIN} -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN"]
        for pod in self.pods:
            for direction in DIRECTIONS:
                policies = self.policies_of(pod, direction)
                if policies:
                    chain = f"{CHAIN}-{direction.name[0]}-{pod['status']['podIP']}"
                    chains.append(chain)
                    lines += [f"-A {chain} {allowed} -j RETURN" for one in policies for allowed in self.allowed(one, direction)]
                    lines += [f"-A {chain} -j DROP", f"-A {CHAIN} {direction.own} {pod['status']['podIP']} -j {chain}"]
        return "\n".join(["*filter", *(f":{chain} - [0:0]" for chain in chains), *lines, "COMMIT", ""])

    def policies_of(self, pod: dict, direction: Direction) -> list[dict]:
        """The policies that close a pod in one direction."""
        namespace, labels = pod["metadata"]["namespace"], pod["metadata"].get("labels", {})
        here = (one for one in self.policies if one["metadata"]["namespace"] == namespace)
        return [one for one in here if direction.name in one["spec"]["policyTypes"] and matches(one["spec"].get("podSelector", {}), labels)]

    def allowed(self, policy: dict, direction: Direction) -> Iterator[str]:
        """What a policy lets pass, as conditions of iptables."""
        for rule in policy["spec"].get(direction.rules, []):
            peers = [found for peer in rule.get(direction.peers, []) for found in self.addresses(peer, policy["metadata"]["namespace"])]
            ports = [f"-p {port.get('protocol', 'TCP').lower()} --dport {port['port']}" for port in rule.get("ports", [])]
            for address in peers if rule.get(direction.peers) else ["0.0.0.0/0"]:
                yield from (f"{direction.other} {address} {port}".rstrip() for port in ports or [""])

    def addresses(self, peer: dict, namespace: str) -> Iterator[str]:
        """The addresses of a peer."""
        if "ipBlock" in peer:
            yield from block(peer["ipBlock"])
            return
        for pod in self.pods:
            where, labels = pod["metadata"]["namespace"], pod["metadata"].get("labels", {})
            in_namespace = matches(peer["namespaceSelector"], self.namespaces[where]) if "namespaceSelector" in peer else where == namespace
            if in_namespace and matches(peer.get("podSelector", {}), labels):
                yield pod["status"]["podIP"]


def block(block: dict) -> list[str]:
    """A range of addresses without its exceptions."""
    left = [ipaddress.ip_network(block["cidr"])]
    if left[0].version == 6:
        return []
    for hole in map(ipaddress.ip_network, block.get("except", [])):
        left = [rest for one in left for rest in (one.address_exclude(hole) if hole.subnet_of(one) else [one])]
    return [str(one) for one in left]

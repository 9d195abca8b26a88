"""Finding one's way in rendered manifests."""

WORKLOADS = ("Deployment", "StatefulSet")


def of_kind(manifests, *kinds):
    return [manifest for manifest in manifests if manifest["kind"] in kinds]


def one(manifests, kind, name=None):
    found = [manifest for manifest in of_kind(manifests, kind) if name in (None, manifest["metadata"]["name"])]
    assert len(found) == 1, f"one {kind} {name or ''} was expected, there are {len(found)}"
    return found[0]


def names(manifests, kind):
    return {manifest["metadata"]["name"] for manifest in of_kind(manifests, kind)}


def pods(manifests):
    """Every pod with its labels: (where it stands, labels, spec)."""
    for manifest in manifests:
        where = f"{manifest['kind']} {manifest['metadata']['name']}"
        if manifest["kind"] in (*WORKLOADS, "Job"):
            template = manifest["spec"]["template"]
            yield where, template["metadata"]["labels"], template["spec"]
        elif manifest["kind"] == "Pod":
            yield where, manifest["metadata"]["labels"], manifest["spec"]


def nodes(manifests):
    """The pods that are Waypost's nodes."""
    return [pod for pod in pods(manifests) if pod[0].split()[0] in WORKLOADS]


def environment(spec):
    return {variable["name"]: variable.get("value") for variable in spec["containers"][0]["env"]}


def role_of(manifest):
    return environment(manifest["spec"]["template"]["spec"])["WAYPOST_ROLE"]


def selects(labels, held):
    return labels.items() <= held.items()


def hooks(manifest):
    return [hook for hook in manifest["metadata"].get("annotations", {}).get("helm.sh/hook", "").split(",") if hook]

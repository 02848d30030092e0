#!/usr/bin/env python3
"""Our endpoints against those of botocore: every service, region, FIPS, dual-stack, with and without a URL of one's own.

Regions are all that botocore knows, some that it can only match by the pattern of their partition, and some that fit none.

usage: endpoints_botocore.py    Needs print_endpoints ($RDSPOL_PRINT_ENDPOINTS) and botocore; exits with 77 without.
"""
import itertools
import os
import subprocess
import sys

from common import SKIPPED

try:
    import botocore.session
    from botocore.endpoint_provider import EndpointProvider
    from botocore.exceptions import EndpointProviderError
except ImportError:
    print("botocore is not installed")
    sys.exit(SKIPPED)

SERVICES = ["rds", "ec2", "kms", "secretsmanager", "backup", "sns", "sts", "organizations", "sso"]
STRANGE = ["us-future-7", "us-gov-north-3", "us-isob-south-9", "eu-isoe-east-1", "eusc-de-west-2", "eusc-fr-west-1", "nz-north-1",
           "us-secret-gov-1", "cn-south-4", "mx-west-12", "il-a-1"]
OWN = ["", "http://127.0.0.1:5005"]


def find_expected(provider, own, region, fips, dual):
    """URL and signing region, or None where botocore refuses."""
    parameters = {"Region": region, "UseFIPS": fips, "UseDualStack": dual}
    if own:
        parameters["Endpoint"] = own
    try:
        endpoint = provider.resolve_endpoint(**parameters)
    except EndpointProviderError:
        return None
    schemes = endpoint.properties.get("authSchemes", [])
    return endpoint.url, next((s["signingRegion"] for s in schemes if "signingRegion" in s), region)


def main():
    tool = os.environ.get("RDSPOL_PRINT_ENDPOINTS", "")
    if not os.access(tool, os.X_OK):
        print("no print_endpoints: set RDSPOL_PRINT_ENDPOINTS")
        return SKIPPED
    loader = botocore.session.get_session().get_component("data_loader")
    partitions = loader.load_data("partitions")
    home = {r: p["id"] for p in partitions["partitions"] for r in p["regions"]}
    regions = [r for r in home if not r.endswith("-global")] + STRANGE
    providers = {s: EndpointProvider(loader.load_service_model(s, "endpoint-rule-set-1"), partitions) for s in SERVICES}
    # Organizations answers in one region of each partition since then; before, some went elsewhere.
    old = tuple(int(n) for n in botocore.__version__.split(".")[:2]) < (1, 44)
    services = [s for s in SERVICES if not (old and s == "organizations")]
    cases = list(itertools.product(services, regions, (False, True), (False, True), OWN))
    text = "".join(f"{s} {r} {int(f)} {int(d)} {o}\n" for s, r, f, d, o in cases)
    lines = subprocess.run([tool], input=text, capture_output=True, text=True, check=True).stdout.splitlines()
    if len(lines) != len(cases):
        print(f"{len(lines)} answers to {len(cases)} questions")
        return 1
    wrong = 0
    for (service, region, fips, dual, own), line in zip(cases, lines):
        expected = find_expected(providers[service], own, region, fips, dual)
        ours = None if line == "error" else tuple(line.split()[:2])
        partition = home.get(region)
        if ours != expected or (ours and partition and line.split()[2] != partition):
            wrong += 1
            print(f"{service} {region} fips={fips} dual={dual} own={own!r}: {line}, not {expected} {partition}")
    print(f"{len(cases)} endpoints, {wrong} different")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Our signatures against those of botocore, on random requests with everything that is odd.

usage: sigv4_botocore.py [COUNT [SEED]]    Needs sign_requests ($RDSPOL_SIGN_REQUESTS) and botocore; exits with 77 without.
"""
import datetime
import os
import random
import subprocess
import sys

from common import SKIPPED

try:
    import botocore.auth
    import botocore.awsrequest
    import botocore.credentials
except ImportError:
    print("botocore is not installed")
    sys.exit(SKIPPED)

LETTERS = "abzAZ09-_.~!*'()+,;:@$=/ %?[]{}|\\^`\"<>#&éß日\U0001f600"
NAMES = ["X-Amz-Target", "Content-Type", "Accept", "X-Odd", "x-odd", "X-AMZ-Other", "User-Agent", "Expect", "Connection", "Te"]


def encoded(rng, count, safe=""):
    """Text as it stands in a URL: mostly encoded, as our protocols do."""
    import urllib.parse
    text = "".join(rng.choice(LETTERS) for _ in range(rng.randrange(count)))
    return urllib.parse.quote(text, safe=safe)


def make_path(rng):
    parts = [rng.choice(["", ".", "..", encoded(rng, 6), encoded(rng, 6, "~:@!$&'()*+,;=")]) for _ in range(rng.randrange(6))]
    return "".join("/" + p for p in parts) + rng.choice(["", "/"])


def make_query(rng):
    keys = [encoded(rng, 4) or "k" for _ in range(2)] + ["a", "A", "b"]
    pairs = [rng.choice(keys) + rng.choice(["=", "=" + encoded(rng, 5), "", "=x=y"]) for _ in range(rng.randrange(7))]
    return rng.choice(["", "?"]) + "" if not pairs else "?" + "&".join(pairs)


def make_url(rng):
    host = rng.choice(["rds.eu-west-1.amazonaws.com", "Example.COM", "127.0.0.1", "[::1]", "user:pw@host.example"])
    port = rng.choice(["", "", ":443", ":80", ":8443"])
    return rng.choice(["https://", "http://"]) + host + port + make_path(rng) + make_query(rng)


def make_headers(rng):
    words = ["", "a", "  b  c\t d ", "x" * 50, "application/json", "a,b;c", '"q  q"', ":colon: "]
    return [(rng.choice(NAMES), rng.choice(words)) for _ in range(rng.randrange(7))]


def make_case(rng):
    return {
        "method": rng.choice(["GET", "POST", "PUT"]), "url": make_url(rng),
        "body": rng.choice([b"", b"Action=X&Version=1", rng.randbytes(rng.randrange(200)), "é日".encode()]),
        "access": "AKID" + "".join(rng.choice("ABC123") for _ in range(16)),
        "secret": "".join(rng.choice("abc/+=XYZ09") for _ in range(rng.choice([1, 40, 100]))),
        "token": rng.choice(["", "", "tok/en+==" * rng.randrange(1, 40)]),
        "region": rng.choice(["us-east-1", "eu-west-1", "cn-north-1"]),
        "service": rng.choice(["rds", "kms", "service"]), "seconds": rng.randrange(0, 4_000_000_000),
        "headers": make_headers(rng),
    }


def expected(case):
    moment = datetime.datetime.fromtimestamp(case["seconds"], datetime.timezone.utc)
    botocore.auth.get_current_datetime = lambda: moment
    request = botocore.awsrequest.AWSRequest(method=case["method"], url=case["url"], data=case["body"])
    for name, value in case["headers"]:
        request.headers.add_header(name, value)
    keys = botocore.credentials.Credentials(case["access"], case["secret"], case["token"] or None)
    botocore.auth.SigV4Auth(keys, case["service"], case["region"]).add_auth(request)
    return "Authorization: " + request.headers["Authorization"]


def line_of(case):
    def field(value):
        return (value if isinstance(value, bytes) else value.encode()).hex() or "-"
    texts = [case[k] for k in ("method", "url", "body", "access", "secret", "token", "region", "service")]
    headers = [field(f"{name}: {value}") for name, value in case["headers"]]
    return " ".join([field(t) for t in texts] + [str(case["seconds"] * 1000 + 7)] + headers)


def main():
    tool = os.environ.get("RDSPOL_SIGN_REQUESTS", "")
    if not os.access(tool, os.X_OK):
        print("no sign_requests: set RDSPOL_SIGN_REQUESTS")
        return SKIPPED
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    cases = [make_case(rng) for _ in range(count)]
    text = "\n".join(line_of(c) for c in cases) + "\n"
    lines = subprocess.run([tool], input=text, capture_output=True, text=True, check=True).stdout.splitlines()
    if len(lines) != count:
        print(f"{len(lines)} answers to {count} requests")
        return 1
    wrong = [(c, line, expected(c)) for c, line in zip(cases, lines) if line != expected(c)]
    for case, ours, theirs in wrong[:3]:
        print(case, ours, theirs, sep="\n  ")
    print(f"{count} requests, {len(wrong)} signed differently")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

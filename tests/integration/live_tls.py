#!/usr/bin/env python3
"""Certificates are verified: one that nobody vouches for ends a collection, AWS_CA_BUNDLE vouches.

Exits 77 (skip) without moto and the openssl command.
"""
import os
import shutil
import subprocess
import sys
import tempfile

import common


def certificate(folder):
    """A self-signed one for the loopback address."""
    key, cert = os.path.join(folder, "key.pem"), os.path.join(folder, "cert.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
                   check=True, capture_output=True)
    return key, cert


def run(program, world, url, **more):
    return subprocess.run([program, "run", "practices", "--live", "--practice", "9", "--format", "ndjson"],
                          env=world.environment(url, **more), capture_output=True, text=True, timeout=120)


def main():
    program = common.find_program()
    try:
        import moto_world as world
        import moto  # noqa: F401
    except ImportError as missing:
        print(f"skipped: {missing}")
        return common.SKIPPED
    if program is None or shutil.which("openssl") is None:
        print("skipped: the program or openssl is not here")
        return common.SKIPPED
    with tempfile.TemporaryDirectory() as folder:
        key, cert = certificate(folder)
        with world.Moto(tls=(key, cert)) as server:
            refused = run(program, world, server.url)
            elsewhere = run(program, world, server.url.replace("127.0.0.1", "localhost"), AWS_CA_BUNDLE=cert)
            vouched = run(program, world, server.url, AWS_CA_BUNDLE=cert)
    problems = []
    if refused.returncode != 2 or "certificate" not in refused.stderr or refused.stdout:
        problems.append(f"a certificate that nobody vouches for: {refused.returncode} {refused.stderr}")
    if elsewhere.returncode != 2 or elsewhere.stdout:
        problems.append(f"a certificate for another name: {elsewhere.returncode} {elsewhere.stderr}")
    if vouched.returncode not in (0, 1) or not vouched.stderr.startswith("rdspol: 3 calls answered"):
        problems.append(f"AWS_CA_BUNDLE: {vouched.returncode} {vouched.stderr}")
    print("\n".join(problems) or "certificates are verified")
    return 1 if problems else 0


sys.exit(main())

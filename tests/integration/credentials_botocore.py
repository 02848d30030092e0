#!/usr/bin/env python3
"""Where we find credentials, against where botocore finds them: random files, variables and flags.

Services are pretended on both sides, with answers that tell who asked for what: the access key of an assumed role names
the role, its external id and the key that has signed. MFA is left out, which we refuse. botocore is given the variables
of AWS CLI version 2 for profile and region.

usage: credentials_botocore.py [COUNT [SEED]]    Needs find_credentials ($RDSPOL_FIND_CREDENTIALS) and botocore; exits with 77
without.
"""
import hashlib
import io
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import urllib.parse

from common import SKIPPED

try:
    import botocore.awsrequest
    import botocore.credentials
    import botocore.exceptions
    import botocore.httpsession
    import botocore.loaders
    import botocore.session
    import botocore.tokens
except ImportError:
    print("botocore is not installed")
    sys.exit(SKIPPED)

PROFILES = ["default", "a", "b", "c"]
METADATA = {"Code": "Success", "SecretAccessKey": "s", "Token": "t", "Expiration": "2090-01-01T00:00:00Z"}
VARIABLES = {"profile": (None, ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"], None, None),
             "region": ("region", ["AWS_REGION", "AWS_DEFAULT_REGION"], None, None)}
LOADER = botocore.loaders.create_loader()


class Raw(io.BytesIO):
    def stream(self, **_):
        yield self.read()


def answer_sts(request):
    fields = dict(urllib.parse.parse_qsl(request.body if isinstance(request.body, str) else request.body.decode()))
    role = fields["RoleArn"].split("role/")[-1]
    signer = re.search(r"Credential=([^/]*)/", str(request.headers.get("Authorization", "")))
    key = f"{role}({fields.get('ExternalId', '-')})&lt;{signer.group(1).replace('<', '&lt;') if signer else '-'}"
    action = fields["Action"]
    return (f"<{action}Response><{action}Result><Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
            f"<SessionToken>t-{role}</SessionToken><Expiration>2090-01-01T00:00:00Z</Expiration></Credentials>"
            f"</{action}Result></{action}Response>")


def answer_sso(request):
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(request.url).query))
    token = request.headers["x-amz-sso_bearer_token"]
    token = token.decode() if isinstance(token, bytes) else token
    return json.dumps({"roleCredentials": {"accessKeyId": f"sso-{query['role_name']}-{token}", "secretAccessKey": "s", "sessionToken": "t",
                                           "expiration": 4000000000000}})


def send(_, request):
    url = request.url
    if url.startswith("https://sts."):
        text = answer_sts(request)
    elif url.startswith("https://portal.sso."):
        text = answer_sso(request)
    elif url.startswith("http://169.254.170.2/"):
        text = json.dumps(dict(METADATA, AccessKeyId="container"))
    elif url.endswith("/latest/api/token"):
        text = "token"
    elif url.endswith("/security-credentials/"):
        text = "role"
    else:
        text = json.dumps(dict(METADATA, AccessKeyId="instance"))
    return botocore.awsrequest.AWSResponse(url, 200, {}, Raw(text.encode()))


# ---- A world ----

def static_keys(rng, name, file):
    lines = [f"aws_access_key_id = AKID-{file}-{name}", "aws_secret_access_key = s", "aws_session_token = t"]
    kept = rng.choice([lines[:2], lines[:2], lines, lines[:1], lines[1:2]])
    return kept


def role_lines(rng, name, folder):
    lines = [f"role_arn = arn:aws:iam::123456789012:role/{name}"] if rng.random() < 0.9 else []
    how = rng.randrange(8)
    if how < 5:
        lines.append(f"source_profile = {rng.choice(PROFILES + ['none'])}")
    elif how == 5:
        lines.append(f"credential_source = {rng.choice(['Environment', 'Ec2InstanceMetadata', 'EcsContainer', 'Nowhere'])}")
    elif how == 6:
        lines.append(f"web_identity_token_file = {folder}/{rng.choice(['token', 'token', 'missing'])}")
    if rng.random() < 0.3:
        lines.append(f"external_id = x{name}")
    return lines


def sso_lines(rng):
    lines = ["sso_account_id = 123456789012", f"sso_role_name = reader{rng.randrange(3)}"]
    if rng.random() < 0.6:
        lines.append(f"sso_session = {rng.choice(['corp', 'corp', 'old', 'none'])}")
    else:
        lines += ["sso_start_url = https://start.example", "sso_region = eu-west-1"]
    return lines[rng.randrange(8) == 0:]


def process_lines(name):
    printed = json.dumps({"Version": 1, "AccessKeyId": f"process-{name}", "SecretAccessKey": "s"})
    return [f"credential_process = echo '{printed}'"]


def profile_lines(rng, name, file, folder):
    lines = ["output = json"]
    if rng.random() < 0.45:
        lines += static_keys(rng, name, file)
    if rng.random() < 0.45:
        lines += role_lines(rng, name, folder)
    if rng.random() < 0.15:
        lines += sso_lines(rng)
    if rng.random() < 0.15:
        lines += process_lines(name)
    return lines


def write_token(folder, of, hours):
    import datetime
    until = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours)
    path = folder / ".aws/sso/cache" / (hashlib.sha1(of.encode()).hexdigest() + ".json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"accessToken": f"token{len(of)}", "expiresAt": until.strftime("%Y-%m-%dT%H:%M:%SZ")}))


def write_files(rng, folder):
    config, credentials = [], []
    for name in PROFILES:
        if rng.random() < 0.8:
            config += [f"[{'' if name == 'default' else 'profile '}{name}]"] + profile_lines(rng, name, "config", folder)
        if rng.random() < 0.35:
            credentials += [f"[{name}]"] + profile_lines(rng, name, "shared", folder)
    for session in ("corp", "old"):
        config += [f"[sso-session {session}]", "sso_region = eu-west-1", "sso_start_url = https://start.example"]
    (folder / ".aws").mkdir()
    (folder / ".aws/config").write_text("\n".join(config) + "\n")
    (folder / ".aws/credentials").write_text("\n".join(credentials) + "\n")
    (folder / "token").write_text("a.web.token")
    write_token(folder, "corp", 2)
    write_token(folder, "old", -2)
    write_token(folder, "https://start.example", rng.choice([2, 2, -2]))


def make_variables(rng, folder):
    out = {"HOME": str(folder), "PATH": os.environ["PATH"], "AWS_REGION": "eu-west-1"}
    maybe = {
        0.2: {"AWS_ACCESS_KEY_ID": "AKID-env", "AWS_SECRET_ACCESS_KEY": "s"}, 0.08: {"AWS_ACCESS_KEY_ID": "AKID-half"},
        0.35: {"AWS_PROFILE": rng.choice(PROFILES + ["none"])}, 0.1: {"AWS_DEFAULT_PROFILE": rng.choice(PROFILES)},
        0.12: {"AWS_WEB_IDENTITY_TOKEN_FILE": f"{folder}/token", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/web"},
        0.05: {"AWS_WEB_IDENTITY_TOKEN_FILE": f"{folder}/token"}, 0.13: {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/keys"},
        0.7: {"AWS_EC2_METADATA_DISABLED": "true"}, 0.11: {"AWS_SESSION_TOKEN": "t-env"},
    }
    for chance, variables in maybe.items():
        if rng.random() < chance:
            out.update(variables)
    return out


# ---- Both opinions ----

def ask_botocore(variables, flag):
    os.environ.clear()
    os.environ.update(variables)
    cache = os.path.join(variables["HOME"], ".aws/sso/cache")
    botocore.credentials.SSOProvider._SSO_TOKEN_CACHE_DIR = cache
    botocore.tokens.SSOTokenProvider._SSO_TOKEN_CACHE_DIR = cache
    try:
        session = botocore.session.Session(session_vars=VARIABLES, profile=flag)
        session.register_component("data_loader", LOADER)
        session.get_scoped_config()
        found = session.get_credentials()
        keys = found.get_frozen_credentials() if found else None
    except (botocore.exceptions.BotoCoreError, OSError) as why:
        return f"error {type(why).__name__}: {why}"
    return f"{keys.access_key} {keys.token or ''}" if keys else "error nothing"


def line_of(variables, flag):
    words = [flag or ""] + [f"{k}={v}" for k, v in variables.items()]
    return " ".join(w.encode().hex() or "-" for w in words)


def is_same(ours, theirs):
    # botocore looks for a token of SSO whenever it makes a client, whatever the keys are.
    if "to use the SSO token provider" in theirs:
        return True
    return ours.startswith("error") and theirs.startswith("error") or ours == theirs


def main():
    tool = os.environ.get("RDSPOL_FIND_CREDENTIALS", "")
    if not os.access(tool, os.X_OK):
        print("no find_credentials: set RDSPOL_FIND_CREDENTIALS")
        return SKIPPED
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
    environment = dict(os.environ)
    botocore.httpsession.URLLib3Session.send = send
    with tempfile.TemporaryDirectory() as top:
        cases = []
        for i in range(count):
            folder = pathlib.Path(top) / str(i)
            folder.mkdir()
            write_files(rng, folder)
            cases.append((folder, make_variables(rng, folder), rng.choice(PROFILES + ["none"]) if rng.random() < 0.4 else None))
        text = "".join(line_of(variables, flag) + "\n" for _, variables, flag in cases)
        done = subprocess.run([tool], input=text, capture_output=True, text=True, check=True, env=environment)
        lines = done.stdout.splitlines()
        if len(lines) != count:
            print(f"{len(lines)} answers to {count} worlds")
            return 1
        wrong = good = 0
        for (folder, variables, flag), ours in zip(cases, lines):
            theirs = ask_botocore(variables, flag)
            good += not theirs.startswith("error")
            if not is_same(ours, theirs):
                wrong += 1
                if wrong <= 3:
                    print(flag, {k: v for k, v in variables.items() if k not in ("HOME", "PATH")}, sep="\n")
                    print((folder / ".aws/config").read_text(), (folder / ".aws/credentials").read_text(), ours, theirs, sep="\n--\n")
    print(f"{count} worlds, {good} of them with credentials, {wrong} found differently")
    return 1 if wrong or good < count // 5 else 0


if __name__ == "__main__":
    sys.exit(main())

"""An AWS of our own for the tests: a loopback server that checks every signature, pages, waits and misbehaves.

    with FakeAws({("123456789012", "us-east-1"): load_fleet(folder)}) as aws:
        aws.faults.append(Fault("throttling", operations={"DescribeDBInstances"}, times=1))
        subprocess.run([...], env=aws.environment())
        aws.requests                       # what was asked: operation, arguments, page, time

Answers are the AWS CLI's JSON, put on the wire by the names of botocore's own service models: an independent opinion
on collectors/live/wire.txt. What a fault sends instead stands in FAULTS, one function each.
"""
import base64
import collections
import datetime
import email.utils
import gzip
import hashlib
import hmac
import json
import os
import pathlib
import random
import re
import socket
import struct
import threading
import time
import urllib.parse
import xml.sax.saxutils

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.session
from botocore import xform_name

REGION = "us-east-1"
ACCOUNT = "123456789012"
ACCESS_KEY = "AKIAIOSFODNN7FAKEAWS"
SECRET_KEY = "MARKED/SECRET/wJalrXUtnFEMI/K7MDENG/bPxRfiCY"
SESSION_TOKEN = "MARKEDTOKEN" + "FwoGZXIvYXdzEBYaDGxvb3BiYWNrIG9ubHk0" * 4

SERVICES = ("rds", "ec2", "kms", "secretsmanager", "backup", "sns", "sts")
TARGETS = {"TrentService": "kms", "secretsmanager": "secretsmanager"}
# Operations asked about one thing, and the argument that names it.
KEYED = {"DescribeDBSnapshotAttributes": "DBSnapshotIdentifier",
         "DescribeDBClusterSnapshotAttributes": "DBClusterSnapshotIdentifier",
         "DescribeDBParameters": "DBParameterGroupName", "DescribeDBClusterParameters": "DBClusterParameterGroupName",
         "DescribeDBProxyTargetGroups": "DBProxyName", "DescribeDBProxyTargets": "DBProxyName",
         "ListTagsForResource": "ResourceName", "GetManagedPrefixListEntries": "PrefixListId",
         "DescribeKey": "KeyId", "GetKeyRotationStatus": "KeyId", "GetKeyPolicy": "KeyId", "DescribeSecret": "SecretId",
         "GetBackupPlan": "BackupPlanId", "ListBackupSelections": "BackupPlanId", "GetBackupSelection": "SelectionId",
         "DescribeBackupVault": "BackupVaultName", "ListRecoveryPointsByBackupVault": "BackupVaultName",
         "ListSubscriptionsByTopic": "TopicArn", "GetTopicAttributes": "TopicArn"}
LISTS = ["DescribeDBInstances", "DescribeDBClusters", "DescribeDBSnapshots", "DescribeDBClusterSnapshots",
         "DescribeDBParameterGroups", "DescribeDBClusterParameterGroups", "DescribeOptionGroups",
         "DescribeDBSubnetGroups", "DescribeDBProxies", "DescribeDBProxyEndpoints", "DescribeEventSubscriptions",
         "DescribeGlobalClusters", "DescribeDBShardGroups", "DescribeTenantDatabases", "DescribeDBSecurityGroups",
         "DescribeSecurityGroups", "DescribeSubnets", "DescribeRouteTables", "DescribeVpcs",
         "DescribeInternetGateways", "DescribeRegions", "ListAliases", "ListSecrets", "ListBackupPlans",
         "ListBackupVaults", "ListProtectedResources", "DescribeRegionSettings", "GetCallerIdentity", "AssumeRole"]
# The argument for the size of a page, its limits, and the default: of the API references.
PAGES = {"rds": ("MaxRecords", 20, 100, 100), "ec2": ("MaxResults", 5, 1000, 1000), "kms": ("Limit", 1, 100, 50),
         "secretsmanager": ("MaxResults", 1, 100, 100), "backup": ("maxResults", 1, 1000, 1000),
         "sns": (None, 100, 100, 100)}
NOT_FOUND = {"kms": "NotFoundException", "secretsmanager": "ResourceNotFoundException",
             "backup": "ResourceNotFoundException", "sns": "NotFound", "ec2": "InvalidPrefixListID.NotFound"}
FILE_NAMES = {"kms-keys": "DescribeKey", "kms-key-rotation": "GetKeyRotationStatus", "secrets": "ListSecrets"}


def _models():
    session = botocore.session.get_session()
    models = {service: session.get_service_model(service) for service in SERVICES}
    places = {}
    for name in [*KEYED, *LISTS]:
        places[name] = next(s for s in SERVICES if name in models[s].operation_names)
    return models, places


MODELS, SERVICE_OF = _models()


def kebab(operation):
    return xform_name(operation, "-")


def _file_names():
    names = dict(FILE_NAMES)
    for operation in [*KEYED, *LISTS]:
        name = kebab(operation)
        names[name] = operation
        if name.startswith("describe-"):
            names.setdefault(name[len("describe-"):], operation)
    return names


def load_fleet(folder):
    """What make-fleet wrote, in either layout: operation -> answer, or operation -> argument -> answer."""
    names, world = _file_names(), {}
    for path in sorted(pathlib.Path(folder).iterdir()):
        operation = names[path.name.removesuffix(".json")]
        if path.is_dir():
            world[operation] = {urllib.parse.unquote(p.name.removesuffix(".json")): json.loads(p.read_text())
                                for p in sorted(path.iterdir())}
        else:
            world[operation] = json.loads(path.read_text())
    return world


def save_fleet(world, folder):
    """The same as files in the keyed layout, which rdspol reads."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for operation, answer in world.items():
        (folder / (kebab(operation) + ".json")).write_text(json.dumps(answer, indent=1))


# ---- Answers on the wire -----------------------------------------------------------------------------------------


def list_member(operation):
    """The member of an answer that holds the rows; None if there is no list."""
    shape = MODELS[SERVICE_OF[operation]].operation_model(operation).output_shape
    lists = [name for name, member in shape.members.items() if member.type_name == "list"]
    return lists[0] if len(lists) == 1 else None


def _scalar(shape, value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return xml.sax.saxutils.escape(str(value))


def to_xml(shape, name, value):
    if value is None:
        return ""
    if shape.type_name == "structure" and isinstance(value, dict):
        inner = "".join(to_xml(member, member.serialization.get("name", key), value[key])
                        for key, member in shape.members.items() if key in value)
    elif shape.type_name == "list" and isinstance(value, list):
        item = shape.member.serialization.get("name", "member")
        parts = [to_xml(shape.member, name if shape.serialization.get("flattened") else item, v) for v in value]
        if shape.serialization.get("flattened"):
            return "".join(parts)
        inner = "".join(parts)
    elif shape.type_name == "map" and isinstance(value, dict):
        inner = "".join(f"<entry><key>{_scalar(shape.key, k)}</key><value>{_scalar(shape.value, v)}</value></entry>"
                        for k, v in value.items())
    elif isinstance(value, (dict, list)):
        inner = xml.sax.saxutils.escape(json.dumps(value))  # a wrong type, asked for by a fault
    else:
        inner = _scalar(shape, value)
    return f"<{name}>{inner}</{name}>" if inner else f"<{name}/>"


def _seconds(text):
    try:
        return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    except (ValueError, AttributeError):
        return text


def to_json(shape, value):
    """JSON protocols send times as numbers, where the AWS CLI prints texts."""
    if value is None:
        return None
    if shape.type_name == "structure" and isinstance(value, dict):
        return {m.serialization.get("name", k): to_json(m, value[k]) for k, m in shape.members.items() if k in value}
    if shape.type_name == "list" and isinstance(value, list):
        return [to_json(shape.member, v) for v in value]
    return _seconds(value) if shape.type_name == "timestamp" else value


def encode(request, answer, token=None):
    """A body in the protocol of the request's service."""
    model = MODELS[request.service].operation_model(request.operation)
    shape = model.output_shape
    if token is not None:
        answer = {**answer, token_names(request)[1]: token}
    if request.service in ("kms", "secretsmanager", "backup"):
        return json.dumps(to_json(shape, answer)).encode()
    inner = "".join(to_xml(m, m.serialization.get("name", k), answer[k])
                    for k, m in shape.members.items() if k in answer)
    namespace = f"http://{request.service}.amazonaws.com/doc/{MODELS[request.service].api_version}/"
    if request.service == "ec2":
        text = f'<{request.operation}Response xmlns="{namespace}"><requestId>r</requestId>{inner}'
    else:
        wrapper = shape.serialization["resultWrapper"]
        text = (f'<{request.operation}Response xmlns="{namespace}"><{wrapper}>{inner}</{wrapper}>'
                "<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}</{request.operation}Response>'.encode()


def token_names(request):
    """Of the argument that asks for a page, and the member that names the next."""
    if request.service == "rds":
        return "Marker", "Marker"
    if request.service == "kms":
        return "Marker", "NextMarker"
    return ("nextToken" if request.service == "backup" else "NextToken"), "NextToken"


class AwsError(Exception):
    def __init__(self, code, message="made by the test", status=400, headers=()):
        super().__init__(code)
        self.code, self.message, self.status, self.headers = code, message, status, list(headers)


def encode_error(request, error):
    """(headers, body) of an error as the service of the request sends it."""
    service = request.service if request else "rds"
    code, message = error.code, error.message
    if service in ("kms", "secretsmanager"):
        return [], json.dumps({"__type": f"com.amazonaws.{service}#{code}", "message": message}).encode()
    if service == "backup":
        return [("x-amzn-ErrorType", f"{code}:http://internal.amazon.com/")], json.dumps({"Message": message}).encode()
    inner = f"<Code>{code}</Code><Message>{xml.sax.saxutils.escape(message)}</Message>"
    if service == "ec2":
        return [], f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>r</RequestID></Response>".encode()
    return [], (f'<ErrorResponse xmlns="http://{service}.amazonaws.com/"><Error><Type>Sender</Type>{inner}</Error>'
                "<RequestId>r</RequestId></ErrorResponse>").encode()


# ---- Requests ----------------------------------------------------------------------------------------------------


class Request:
    """One request, taken apart; `arguments` are without those of paging."""

    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        self.path, _, self.query = target.partition("?")
        self.time = time.monotonic()
        self.operation = self.service = self.account = self.token = None
        self.arguments, self.page, self.fault, self.status = {}, 1, None, None
        scope = re.search(r"Credential=([^,]*)", headers.get("authorization", ""))
        parts = scope.group(1).split("/") if scope else []
        self.access_key, self.date, self.region, self.signed_service = (parts + [""] * 4)[:4]
        self._read()

    def _read(self):
        target = self.headers.get("x-amz-target")
        if target:
            prefix, _, self.operation = target.partition(".")
            self.service = TARGETS.get(prefix)
            self.arguments = json.loads(self.body or b"{}")
        elif self.method == "GET":
            self._read_rest()
        else:
            self.arguments = dict(urllib.parse.parse_qsl(self.body.decode(), keep_blank_values=True))
            self.operation = self.arguments.pop("Action", None)
            self.version = self.arguments.pop("Version", None)
            self.service = SERVICE_OF.get(self.operation)
        if self.operation not in SERVICE_OF:
            return
        self.token = self.arguments.pop(token_names(self)[0], None)
        size = PAGES.get(self.service, (None,))[0]
        self.page_size = self.arguments.pop(size, None) if size else None

    def _read_rest(self):
        for operation, service in SERVICE_OF.items():
            if service != "backup":
                continue
            template = MODELS["backup"].operation_model(operation).http["requestUri"]
            pattern = re.sub(r"\\\{([^}]*)\\\}", lambda m: f"(?P<{name_of(m.group(1))}>[^/]+)", re.escape(template))
            found = re.fullmatch(pattern.rstrip("/") + "/?", self.path)
            if found:
                self.operation, self.service = operation, service
                shape = MODELS["backup"].operation_model(operation).input_shape
                wire = {m.serialization.get("name", k): k for k, m in (shape.members if shape else {}).items()}
                self.arguments = {wire[k]: urllib.parse.unquote(v) for k, v in found.groupdict().items()}
                self.arguments.update(urllib.parse.parse_qsl(self.query, keep_blank_values=True))
                return

    @property
    def argument(self):
        return self.arguments.get(KEYED.get(self.operation))

    @property
    def question(self):
        return (self.account, self.region, self.operation, json.dumps(self.arguments, sort_keys=True))


def name_of(text):
    return text.replace("\\", "")


def verify(request, secret, token, port):
    """Recomputes the signature with botocore; raises AwsError."""
    header = request.headers.get("authorization", "")
    signed = re.search(r"SignedHeaders=([^,]*)", header)
    given = re.search(r"Signature=([0-9a-f]*)", header)
    refused = AwsError("SignatureDoesNotMatch", "The request signature we calculated does not match", 403)
    if not signed or not given:
        raise AwsError("MissingAuthenticationToken", "not signed", 403)
    names = signed.group(1).split(";")
    needed = {"host", "x-amz-date"} | ({"x-amz-target"} if "x-amz-target" in request.headers else set())
    needed |= {"x-amz-security-token"} if token else set()
    if not needed <= set(names) or request.headers.get("x-amz-security-token") != token:
        raise refused
    aws_request = botocore.awsrequest.AWSRequest(
        method=request.method, url=f"http://127.0.0.1:{port}{request.path}",
        data=request.body, params=urllib.parse.parse_qsl(request.query, keep_blank_values=True),
        headers={name: request.headers[name] for name in names if name in request.headers})
    aws_request.context["timestamp"] = request.headers["x-amz-date"]
    credentials = botocore.credentials.Credentials(request.access_key, secret, token)
    auth = botocore.auth.SigV4Auth(credentials, request.signed_service, request.region)
    canonical = auth.canonical_request(aws_request)
    signature = auth.signature(auth.string_to_sign(aws_request, canonical), aws_request)
    if not hmac.compare_digest(signature, given.group(1)):
        # AWS says what should have been signed, with the session token in it.
        raise AwsError("SignatureDoesNotMatch",
                       f"The Canonical String for this request should have been '{canonical}'", 403)
    if request.signed_service != request.service:
        raise AwsError("SignatureDoesNotMatch", "Credential should be scoped to correct service", 403)


# ---- Faults ------------------------------------------------------------------------------------------------------

# A reply is a list of steps: bytes to send, a number of seconds to wait, or what happens to the connection.
RESET, CLOSE, HANG = "reset", "close", "hang"


def http(status, body, headers=(), length=None):
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body) if length is None else length}",
             *(f"{k}: {v}" for k, v in headers)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Reply:
    """A whole answer, to be sent or spoilt."""

    def __init__(self, server, request, status, body, headers=()):
        self.server, self.request, self.status, self.body = server, request, status, body
        self.headers = [("Content-Type", "text/xml"), ("Date", server.date()), *headers]

    def steps(self, body=None, headers=(), status=None, length=None):
        return [http(status or self.status, self.body if body is None else body, [*self.headers, *headers], length)]

    def error(self, code, status=400, headers=(), message="made by the test"):
        more, body = encode_error(self.request, AwsError(code, message))
        return self.steps(body, [*more, *headers], status)


FAULTS = {}


def fault(function):
    FAULTS[function.__name__.rstrip("_")] = function
    return function


def _error(name, code, status=400, headers=(), by_service=None, message="made by the test"):
    def send(reply, _random):
        return reply.error((by_service or {}).get(reply.request.service, code), status, headers, message)
    FAULTS[name] = send


_error("throttling", "Throttling", by_service={"ec2": "RequestLimitExceeded", "kms": "ThrottlingException",
                                              "secretsmanager": "ThrottlingException",
                                              "backup": "ThrottlingException"})
_error("too_many_429", "TooManyRequestsException", 429)
_error("internal_500", "InternalFailure", 500)
_error("unavailable_503", "ServiceUnavailable", 503)
_error("retry_after_503", "ServiceUnavailable", 503, [("Retry-After", "1")])
_error("retry_after_odd", "ServiceUnavailable", 503, [("Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT")])
_error("access_denied", "AccessDenied", 403,
       by_service={"ec2": "UnauthorizedOperation", "kms": "AccessDeniedException",
                   "secretsmanager": "AccessDeniedException", "backup": "AccessDeniedException"})
_error("unsupported", "UnsupportedOperationException")
_error("unrecognized_client", "UnrecognizedClientException")
_error("opt_in_required", "OptInRequired", 403)
_error("expired_token", "ExpiredToken", 403,
       by_service={"ec2": "RequestExpired", "kms": "ExpiredTokenException"})
_error("not_found", "DBSnapshotNotFound", 404, by_service=NOT_FOUND)
_error("long_message", "InvalidParameterValue", message="\u00e9\U0001f600" * 600)
_error("long_code", "X" * 500)


@fault
def bad_utf8_message(reply, _random):
    more, body = encode_error(reply.request, AwsError("InvalidParameterValue", "a marked place"))
    return reply.steps(body.replace(b"marked", b"\xff\xfe\xe9"), more, 400)


@fault
def bare_500(reply, _random):
    return reply.steps(b"", (), 500)


@fault
def bare_403(reply, _random):
    return reply.steps(b"<html><body>Forbidden</body></html>", (), 403)


@fault
def good_error(reply, _random):
    """200, and an error document in it."""
    return reply.error("Throttling", 200)


@fault
def html(reply, _random):
    return reply.steps(b"<html><head><title>Sign in</title></head><body><p>hotel network<br></body></html>")


@fault
def cut_body(reply, _random):
    return [*reply.steps(reply.body[:len(reply.body) // 2], length=len(reply.body)), CLOSE]


@fault
def short_length(reply, _random):
    """Content-Length says less than is sent."""
    return [*reply.steps(length=len(reply.body) - 7), CLOSE]


@fault
def long_length(reply, _random):
    return [*reply.steps(length=len(reply.body) + 7), CLOSE]


@fault
def no_length(reply, _random):
    """The end of the connection is the end of the body, and comes too early."""
    return [b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + reply.body[:len(reply.body) * 2 // 3], CLOSE]


@fault
def reset_before(_reply, _random):
    return [RESET]


@fault
def reset_inside(reply, _random):
    whole = reply.steps()[0]
    return [whole[:len(whole) // 2], RESET]


@fault
def slow_headers(reply, _random):
    whole = reply.steps()[0]
    return [whole[:9], 0.4, whole[9:25], 0.4, whole[25:]]


@fault
def slow_body(reply, _random):
    whole, steps = reply.steps()[0], []
    for i in range(4):
        steps += [whole[len(whole) * i // 4:len(whole) * (i + 1) // 4], 0.2]
    return steps


@fault
def hang(_reply, _random):
    return [HANG]


@fault
def hang_inside(reply, _random):
    whole = reply.steps()[0]
    return [whole[:len(whole) // 2], HANG]


@fault
def broken_text(reply, _random):
    """XML or JSON with a piece missing from its middle."""
    middle = len(reply.body) // 2
    return reply.steps(reply.body[:middle] + b"<\x01{" + reply.body[middle + 3:])


@fault
def bad_utf8(reply, _random):
    return reply.steps(re.sub(rb"[a-z]{3}(?=[a-z]*[<\"])", b"\xff\xc3", reply.body, count=40))


@fault
def doctype(reply, _random):
    declaration = b'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    return reply.steps(declaration + reply.body.split(b"?>\n", 1)[-1])


@fault
def external_entity(reply, _random):
    declaration = b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    return reply.steps(declaration + reply.body.split(b"?>\n", 1)[-1].replace(b"><", b">&x;<", 1))


@fault
def deep(reply, _random):
    count = 1000000
    xml_body = not reply.body.startswith(b"{")
    return reply.steps(b"<a>" * count + b"</a>" * count if xml_body else b'{"a":' * count + b"1" + b"}" * count)


@fault
def deep_inside(reply, _random):
    """A member nobody knows, deeper than anything."""
    if reply.body.startswith(b"{"):
        return reply.steps(b'{"Unknown":' + b"[" * 100000 + b"]" * 100000 + b"," + reply.body[1:])
    return reply.steps(re.sub(rb"(Result>|<requestId>r</requestId>)", rb"\1" + b"<u>" * 100000 + b"</u>" * 100000,
                              reply.body, count=1))


@fault
def cdata(reply, _random):
    """The same text, written otherwise: nothing changes."""
    return reply.steps(re.sub(rb">([^<>&]+)</", rb"><![CDATA[\1]]></", reply.body)
                       if not reply.body.startswith(b"{") else reply.body)


@fault
def entities(reply, _random):
    """The same text in character references: nothing changes."""
    if reply.body.startswith(b"{"):
        return reply.steps(re.sub(rb'(?<=")e', rb"\\u0065", reply.body))
    return reply.steps(re.sub(rb">([^<>&])", lambda m: b">&#x%x;" % m.group(1)[0], reply.body.split(b"?>\n", 1)[-1]))


@fault
def gzipped(reply, _random):
    return reply.steps(gzip.compress(reply.body), [("Content-Encoding", "gzip")])


@fault
def gzip_broken(reply, _random):
    packed = gzip.compress(reply.body)
    return reply.steps(packed[:len(packed) // 2] + b"\x00" * 40, [("Content-Encoding", "gzip")])


@fault
def chunked(reply, _random):
    head = "\r\n".join([f"HTTP/1.1 {reply.status} OK", "Transfer-Encoding: chunked",
                        *(f"{k}: {v}" for k, v in reply.headers)]).encode() + b"\r\n\r\n"
    parts = [reply.body[i:i + 1000] for i in range(0, len(reply.body), 1000)]
    return [head + b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in parts) + b"0\r\n\r\n"]


@fault
def chunk_broken(reply, _random):
    steps = chunked(reply, None)
    return [steps[0][:-6] + b"zz\r\n", CLOSE]


@fault
def redirect(reply, _random):
    return reply.steps(b"", [("Location", f"http://127.0.0.1:{reply.server.other_port}/stolen")], 302)


@fault
def redirect_307(reply, _random):
    return reply.steps(b"", [("Location", f"http://localhost:{reply.server.other_port}/stolen")], 307)


@fault
def huge(reply, _random):
    """100 MB behind what was asked for."""
    filler = b"<Unknown>" + b"x" * (100 << 20) + b"</Unknown>"
    if reply.body.startswith(b"{"):
        return reply.steps(b'{"Unknown":"' + b"x" * (100 << 20) + b'",' + reply.body[1:])
    return reply.steps(re.sub(rb"</(\w+Result|\w+Response)>", lambda m: filler + m.group(0), reply.body, count=1))


@fault
def too_large(reply, _random):
    """More than any answer may have, packed."""
    return reply.steps(gzip.compress(b"<a>" + b" " * (300 << 20), 1), [("Content-Encoding", "gzip")])


def spoil_answer(name, change):
    """A fault in the answer itself, before it is written."""
    def send(reply, rng):
        request = reply.request
        if not hasattr(reply, "answer") or reply.status != 200:
            return reply.steps()
        answer, token = change(json.loads(json.dumps(reply.answer)), reply.token, request, rng)
        return reply.steps(encode(request, answer, token))
    FAULTS[name] = send


spoil_answer("same_token", lambda answer, token, request, rng: (answer, "always-the-same"))
spoil_answer("two_tokens", lambda answer, token, request, rng: (answer, "B" if request.token == "A" else "A"))


def _empty_page(answer, token, request, _rng):
    """The first page is empty but for a token that asks for it again."""
    if request.token is not None or list_member(request.operation) is None:
        return answer, token
    return {**answer, list_member(request.operation): []}, request.server.make_token(request, 0)


spoil_answer("empty_page", _empty_page)


def _first_rows(value, change):
    for rows in value.values() if isinstance(value, dict) else []:
        if isinstance(rows, list) and rows and isinstance(rows[0], dict):
            rows[0] = change(rows[0])
    return value


def _wrong_types(answer, token, _request, rng):
    def spoil(row):
        for key in list(row):
            kind = rng.choice(["object", "list", "text"])
            row[key] = {"object": {"Odd": "x"}, "list": ["x"], "text": "odd"}[kind]
        return row
    return _first_rows(answer, spoil), token


def _text_for_rows(answer, token, request, _rng):
    member = list_member(request.operation)
    return ({**answer, member: "no list"} if member else answer), token


spoil_answer("wrong_types", _wrong_types)
spoil_answer("text_for_rows", _text_for_rows)


@fault
def odd_token(reply, _random):
    """A token that is no text, so that there is a next page that cannot be asked for."""
    if getattr(reply, "token", None) is None or not reply.body.startswith(b"{"):
        return reply.steps()
    return reply.steps(re.sub(rb'("Next(Token|Marker)": )"[^"]*"', rb"\g<1>17", reply.body))


@fault
def duplicate_members(reply, _random):
    """Identifiers and flags of the first row, twice with different content."""
    if reply.body.startswith(b"{"):
        return reply.steps(re.sub(rb'("(Enabled|ARN|KeyState|RotationEnabled|Policy)": )', rb"\1null, \1", reply.body,
                                  count=1))
    return reply.steps(re.sub(rb"<(DBInstanceIdentifier|DBClusterIdentifier|StorageEncrypted|groupId)>([^<]*)</\1>",
                              rb"<\1>\2</\1><\1>other</\1>", reply.body, count=1))


@fault
def other_answer(reply, _random):
    """A good answer to another question."""
    return reply.steps(reply.body.replace(b"Response", b"Other").replace(b"Result", b"Odd")
                       if not reply.body.startswith(b"{") else b'{"Somewhat": []}')


@fault
def not_http(_reply, _random):
    return [b"SSH-2.0-OpenSSH_9.6\r\n" * 20, CLOSE]


@fault
def long_headers(reply, _random):
    return reply.steps(headers=[("X-Long", "y" * 400000)])


class Fault:
    """When a fault happens. `times`: of the first requests of each page of each question; None: always."""

    def __init__(self, kind, operations=None, services=None, where=None, times=None, share=1.0, seed=0):
        self.kind, self.send = kind, FAULTS[kind]
        self.operations, self.services, self.where, self.times, self.share = operations, services, where, times, share
        self.random, self.seen, self.lock = random.Random(seed), collections.Counter(), threading.Lock()
        self.count = 0

    def applies(self, request):
        if request.service == "sts" and not (self.services and "sts" in self.services):
            return False
        if self.operations is not None and request.operation not in self.operations:
            return False
        if self.services is not None and request.service not in self.services:
            return False
        if self.where is not None and not self.where(request):
            return False
        with self.lock:
            key = (request.question, request.token)
            self.seen[key] += 1
            hit = (self.times is None or self.seen[key] <= self.times) and self.random.random() < self.share
            self.count += hit
            return hit


# ---- The server --------------------------------------------------------------------------------------------------


class FakeAws:
    """`worlds`: (account, region) -> operation -> answer. Regions without a world are empty."""

    def __init__(self, worlds, latency=0.0, page_limit=None, skew=0.0, regions=None):
        self.worlds, self.latency, self.page_limit, self.skew = worlds, latency, page_limit, skew
        self.regions = regions or sorted({region for _, region in worlds})
        account = sorted(worlds)[0][0]
        self.keys = {ACCESS_KEY: (SECRET_KEY, SESSION_TOKEN, account)}
        self.faults, self.requests, self.signature_failures, self.stolen = [], [], 0, []
        self.lifetime = 3600
        self.token_key = os.urandom(16)
        self.cache, self.lock, self.ending = {}, threading.Lock(), threading.Event()
        self.assumed = 0
        self.running = self.most_running = 0

    # -- life

    def __enter__(self):
        self.port = self._listen(self._serve)
        self.other_port = self._listen(self._steal)
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    def _listen(self, serve):
        listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        listener.settimeout(0.2)
        threading.Thread(target=self._accept, args=(listener, serve), daemon=True).start()
        return listener.getsockname()[1]

    def _accept(self, listener, serve):
        while not self.ending.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                continue
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=serve, args=(connection,), daemon=True).start()
        listener.close()

    def __exit__(self, *_):
        self.ending.set()

    def environment(self, **more):
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        return {**kept, "AWS_ENDPOINT_URL": self.url, "AWS_ACCESS_KEY_ID": ACCESS_KEY,
                "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_SESSION_TOKEN": SESSION_TOKEN, "AWS_REGION": REGION,
                "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull,
                "AWS_SHARED_CREDENTIALS_FILE": os.devnull, **more}

    def forget(self):
        """Before the next run: no faults, no requests."""
        self.faults, self.requests, self.signature_failures, self.stolen = [], [], 0, []
        self.skew, self.assumed, self.most_running = 0.0, 0, 0

    def date(self):
        return email.utils.formatdate(time.time() + self.skew, usegmt=True)

    # -- connections

    def _steal(self, connection):
        with connection:
            connection.settimeout(5)
            try:
                self.stolen.append(connection.recv(65536))
                connection.sendall(http(200, b"<stolen/>"))
            except OSError:
                pass

    def _serve(self, connection):
        with connection, connection.makefile("rb", buffering=65536) as stream:
            connection.settimeout(120)
            try:
                while not self.ending.is_set():
                    request = self._receive(stream)
                    if request is None or not self._answer(connection, request):
                        return
            except OSError:
                pass

    def _receive(self, stream):
        line = stream.readline(65536).decode("latin-1").split()
        if len(line) < 3:
            return None
        headers = {}
        while (text := stream.readline(65536).decode("latin-1").rstrip("\r\n")):
            name, _, value = text.partition(":")
            headers[name.strip().lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", 0)))
        request = Request(line[0], line[1], headers, body)
        request.server = self
        return request

    def _answer(self, connection, request):
        with self.lock:
            self.requests.append(request)
            self.running += 1
            self.most_running = max(self.most_running, self.running)
        try:
            reply = self._reply(request)
            # time.sleep ends late; the moment the request came is what counts
            pause = request.time + self.latency - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            chosen = next((f for f in self.faults if f.applies(request)), None)
            if chosen is None:
                steps = reply.steps()
            else:
                request.fault = chosen.kind
                steps = chosen.send(reply, chosen.random)
            request.status = reply.status
        finally:
            with self.lock:
                self.running -= 1
        return self._send(connection, steps)

    def _send(self, connection, steps):
        """Whether the connection lives on."""
        for step in steps:
            if isinstance(step, bytes):
                connection.sendall(step)
            elif isinstance(step, float):
                if self.ending.wait(step):
                    return False
            elif step == HANG:
                self.ending.wait(100)
                return False
            else:
                if step == RESET:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return False
        return True

    # -- answers

    def _reply(self, request):
        try:
            self._check(request)
            answer, token = self._find(request)
        except AwsError as error:
            headers, body = encode_error(request if request.service else None, error)
            return Reply(self, request, error.status, body, [*headers, *error.headers])
        key = (*request.question, request.token, request.page_size)
        body = self.cache.get(key)
        if body is None:
            body = encode(request, answer, token)
            if request.service != "sts":
                self.cache[key] = body
        if request.operation == "AssumeRole" and "json" in request.headers.get("accept", ""):
            expires = _seconds(answer["Credentials"]["Expiration"])
            answer = {"Credentials": {**answer["Credentials"], "Expiration": expires}}
            body = json.dumps({"AssumeRoleResponse": {"AssumeRoleResult": answer}}).encode()
        reply = Reply(self, request, 200, body)
        reply.answer, reply.token = answer, token
        return reply

    def _check(self, request):
        known = self.keys.get(request.access_key)
        if known is None:
            raise AwsError("InvalidClientTokenId", "The security token included in the request is invalid.", 403)
        secret, token, request.account = known
        try:
            verify(request, secret, token, self.port)
        except AwsError:
            with self.lock:
                self.signature_failures += 1
            raise
        signed = datetime.datetime.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
        signed = signed.replace(tzinfo=datetime.timezone.utc).timestamp()
        if abs(signed - time.time() - self.skew) > 300:
            code = {"ec2": "RequestExpired", "kms": "InvalidSignatureException",
                    "secretsmanager": "InvalidSignatureException", "backup": "InvalidSignatureException",
                    "sns": "RequestTimeTooSkewed"}.get(request.service, "SignatureDoesNotMatch")
            raise AwsError(code, "Signature expired: the time of the request is too far from ours", 403)
        if request.service is None or request.operation not in SERVICE_OF:
            raise AwsError("InvalidAction", f"no such operation: {request.operation}", 400)
        version = getattr(request, "version", None)
        if version is not None and version != MODELS[request.service].api_version:
            raise AwsError("InvalidAction", f"no such version: {version}", 400)
        self._check_arguments(request)

    def _check_arguments(self, request):
        shape = MODELS[request.service].operation_model(request.operation).input_shape
        known = set(shape.members) if shape is not None else set()
        odd = set(request.arguments) - known
        if odd:
            raise AwsError("ValidationError", f"unknown arguments: {sorted(odd)}", 400)

    def _find(self, request):
        if request.operation == "GetCallerIdentity":
            return {"Account": request.account, "UserId": "AIDA", "Arn": f"arn:aws:iam::{request.account}:user/t"}, None
        if request.operation == "AssumeRole":
            return self._assume(request), None
        if request.operation == "DescribeRegions":
            return {"Regions": [{"RegionName": r, "Endpoint": f"ec2.{r}.amazonaws.com",
                                 "OptInStatus": "opt-in-not-required"} for r in self.regions]}, None
        world = self.worlds.get((request.account, request.region), {})
        if request.operation in KEYED:
            return self._page(request, self._find_keyed(world, request))
        member = list_member(request.operation)
        return self._page(request, world.get(request.operation, {member: []} if member else {}))

    def _assume(self, request):
        arn = request.arguments["RoleArn"]
        with self.lock:
            self.assumed += 1
            number = self.assumed
        key, secret = f"ASIAASSUMED{number:09d}", f"{SECRET_KEY}{number}"
        token = f"{SESSION_TOKEN}{number}"
        self.keys[key] = (secret, token, arn.split(":")[4])
        expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.lifetime + self.skew)
        return {"Credentials": {"AccessKeyId": key, "SecretAccessKey": secret, "SessionToken": token,
                                "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ")}}

    def _find_keyed(self, world, request):
        answers, argument = world.get(request.operation, {}), request.argument
        if argument in answers:
            return answers[argument]
        if request.service == "kms":
            for name in self._names_of_key(world, argument):
                if name in answers:
                    return answers[name]
        if request.operation == "DescribeSecret":
            for answer in answers.values():
                if argument in (answer["ARN"], answer.get("Name")):
                    return answer
        code = NOT_FOUND.get(request.service, "DBResourceNotFoundFault")
        raise AwsError(code, f"{argument} is not there", 400 if request.service in ("kms", "ec2") else 404)

    def _names_of_key(self, world, argument):
        """What else a key is called: by number, ARN and aliases."""
        for alias in world.get("ListAliases", {}).get("Aliases", []):
            if argument in (alias["AliasName"], alias["AliasArn"]):
                argument = alias.get("TargetKeyId", argument)
        for answer in world.get("DescribeKey", {}).values():
            key = answer.get("KeyMetadata", {})
            names = [key.get("KeyId"), key.get("Arn")]
            if argument in names or argument == "":
                return [*names, *(n for n, a in world["DescribeKey"].items() if a is answer)]
        return [argument]

    # -- pages

    def make_token(self, request, offset):
        text = f"{request.operation}|{request.argument}|{offset}"
        mac = hmac.new(self.token_key, text.encode(), hashlib.sha256).hexdigest()[:16]
        return base64.b64encode(f"{offset}|{mac}".encode()).decode() + "+/=&<"

    def _offset(self, request):
        if request.token is None:
            return 0
        try:
            offset = int(base64.b64decode(request.token.removesuffix("+/=&<")).decode().split("|")[0])
        except ValueError:
            offset = -1
        if offset < 0 or request.token != self.make_token(request, offset):
            if any(f.kind in ("same_token", "two_tokens") for f in self.faults):
                return 0
            raise AwsError("InvalidParameterValue", "the token is not one of ours", 400)
        return offset

    def _page(self, request, answer):
        member = list_member(request.operation)
        rows = answer.get(member) if member else None
        if not isinstance(rows, list):
            return answer, None
        name, least, most, size = PAGES[request.service]
        if request.page_size is not None:
            size = int(request.page_size)
            if not least <= size <= most:
                raise AwsError("InvalidParameterValue", f"{name} is a number from {least} to {most}", 400)
        size = min(size, self.page_limit or size)
        offset = self._offset(request)
        request.page = offset // size + 1
        token = self.make_token(request, offset + size) if offset + size < len(rows) else None
        return {**answer, member: rows[offset:offset + size]}, token

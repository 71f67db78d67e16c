"""Writes the JSON Schema of the JSON Lines (draft 2020-12), once as a file and once as a C string.

Usage: schema.py FINDINGS.tsv SCHEMA.json HEADER

Ids are those of the catalogue, so that a new one cannot be forgotten.  At the top, and inside the field sets of
the Elastic Common Schema (https://www.elastic.co/guide/en/ecs/8.17/), nothing may stand that ECS does not have;
below `shakeout` fields may be added in minor versions, and consumers ignore those they do not know.
"""

import json
import sys

PIECE = 1000  # C11 promises 4095 characters of a string literal

STRING, BOOLEAN = {"type": "string"}, {"type": "boolean"}
COUNT = {"type": "integer", "minimum": 0}
PORT = {"type": "integer", "minimum": 0, "maximum": 65535}
TIME = {"type": "string", "format": "date-time"}
MAC = {"type": "string", "pattern": "^([0-9A-F]{2}-){5}[0-9A-F]{2}$"}
SHA256 = {"type": "string", "pattern": "^[0-9A-F]{64}$"}
HEX = {"type": "string", "pattern": "^[0-9A-F]+$"}
MD5 = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
JA4 = {"type": "string", "pattern": "^t[0-9a-z]{2}[di][0-9]{4}[0-9A-Za-z]{2}_[0-9a-f]{12}_[0-9a-f]{12}$"}
RAW = {"type": "string", "pattern": "^0x[0-9a-f]{4}$"}
SIDES = {"enum": ["client", "server"]}
STAGES = {"enum": ["dns", "proxy", "tcp", "tls", "cert", "app"]}
DATASETS = ["capture", "connection", "tls", "certificate", "dns", "finding", "endpoint", "alert", "evidence", "summary"]


def ref(name):
    return {"$ref": f"#/$defs/{name}"}


def listed(item):
    return {"type": "array", "items": item}


def closed(required=(), **properties):
    return {"type": "object", "required": list(required), "properties": properties, "additionalProperties": False}


def opened(required=(), **properties):
    return {"type": "object", "required": list(required), "properties": properties}


def certificate(**more):
    return closed(
        hash=closed(sha256=SHA256), subject=STRING, issuer=STRING, not_before=TIME, not_after=TIME, **more,
        x509=closed(alternative_names=listed(STRING), issuer=closed(common_name=listed(STRING)),
                    subject=closed(common_name=listed(STRING)), not_before=TIME, not_after=TIME,
                    public_key_algorithm=STRING, public_key_size=COUNT, public_key_curve=STRING, serial_number=HEX,
                    signature_algorithm=STRING, version_number=STRING))


def party():
    return closed(ip=STRING, port=PORT, mac=MAC, address=STRING, bytes=COUNT, packets=COUNT)


def event():
    return closed(
        ("dataset", "kind", "id"), dataset={"enum": [f"shakeout.{name}" for name in DATASETS]},
        kind={"enum": ["event", "alert", "state", "metric"]}, id=STRING, action=STRING,
        category=listed({"enum": ["network"]}),
        type=listed({"enum": ["connection", "start", "end", "denied", "error", "info", "protocol"]}),
        outcome={"enum": ["success", "failure", "unknown"]}, code=ref("id"), reason=STRING, severity={"enum": [2, 3, 4, 7]},
        start=TIME, end=TIME, duration=COUNT)


def story():
    step = closed(("server", "state", "attempts", "first", "last"), server=party(), failed_stage=STAGES, state=ref("state"),
                  code=ref("id"), attempts=COUNT, first=TIME, last=TIME)
    return closed(("outcome", "way", "times", "attempts", "failed", "first", "last", "steps"), port=PORT,
                  outcome={"enum": ["success", "failure"]}, times=COUNT, attempts=COUNT, failed=COUNT, first=TIME,
                  last=TIME, steps=listed(step),
                  way={"enum": ["none", "again", "name", "family", "server", "version", "proxy", "no_proxy"]})


def ours():
    quality = {"type": "object", "additionalProperties": {"type": ["integer", "boolean"]}}
    message = opened(("type", "from", "frame"), type=STRING, frame=ref("frame"), cut=BOOLEAN, **{"from": SIDES})
    alert = opened(("from", "frame", "encrypted"), level=COUNT, code=COUNT, name=STRING, frame=ref("frame"),
                   encrypted=BOOLEAN, **{"from": SIDES})
    service = opened(("attempts", "ok", "failed"), attempts=COUNT, ok=COUNT, failed=COUNT,
                     **{stage: ref("state") for stage in ("dns", "proxy", "tcp", "tls", "cert", "app")})
    return opened(
        ("schema", "file"), schema={"const": "1.0"}, file=COUNT, cut=BOOLEAN, format=STRING, compression=STRING, first=TIME,
        last=TIME, packets=COUNT, quality=quality, settings=opened(scope={"enum": ["ems", "all"]}, ports=listed(PORT), filter=STRING),
        left_out_by_filter=closed(("filter",), filter=STRING, connections=COUNT, lookups=COUNT, endpoints=COUNT),
        redaction={"enum": ["none", "light", "standard", "strict"]}, attempt=COUNT, syn_sent=COUNT, tries=COUNT,
        primary=ref("id"), findings=listed(ref("id")), severity={"enum": ["error", "warning", "info", "quality"]},
        owner=ref("owner"), owner_reason=STRING, confidence=ref("confidence"),
        cause=opened(("text", "confidence"), text=STRING, confidence=ref("confidence")),
        stage={"type": "object", "additionalProperties": ref("state")},
        failed_stage=STAGES, frames=listed(ref("frame")), filter=STRING,
        next=listed(STRING), commands=listed(closed(("on", "purpose", "text"), purpose=STRING, text=STRING,
                                                   on={"enum": ["wireshark", "fortigate", "windows", "linux"]})), ruled_out=listed(STRING),
        reset_signs=closed(("against", "unusable"), against=listed(STRING), unusable=listed(STRING)), alternatives=STRING,
        endpoints={"anyOf": [listed(STRING), opened(total=COUNT, failing=COUNT, healthy=COUNT, undecided=COUNT,
                                                            going_round=COUNT)]}, going_round=COUNT, goes_round=BOOLEAN, nat=BOOLEAN,
        nat_from={"enum": ["config", "client_certificates", "ttl"]},
        stories=listed(story()), stories_left_out=BOOLEAN,
        endpoints_count=COUNT, attempts={"type": "object", "additionalProperties": COUNT}, services={
            "type": "object", "patternProperties": {"^[0-9]+$": service}, "additionalProperties": False},
        state={"enum": ["healthy", "failing", "undecided"]}, last_success=TIME,
        tls=opened(ja4=JA4, handshake=listed(message), alerts=listed(alert), not_listed=COUNT,
                   version_raw=RAW, cipher_raw=RAW,
                   certificate_visible=BOOLEAN,
                   keyless=opened(id=ref("id"), confidence=ref("confidence"),
                                  inference={"enum": ["right", "undecided", "wrong"]}),
                   keys={"enum": ["none", "keylog", "file"]}),
        chain_length=COUNT, chain_position=COUNT, check={"type": "object", "additionalProperties": STRING},
        seen_by_connections=COUNT, servers=listed(STRING), verdict={"enum": ["healthy", "failures", "none"]},
        exit_code={"enum": [0, 1, 2, 3]}, complete=BOOLEAN,
        connections={"type": "object", "additionalProperties": COUNT},
        lookups={"type": "object", "additionalProperties": COUNT},
        alert=opened(("rule", "change"), rule=STRING, since=TIME, endpoints=COUNT,
                     change={"enum": ["begins", "ends", "leaves", "restless", "beyond", "filed"]}), evidence=STRING,
        finding_counts={"type": "object", "additionalProperties": COUNT}, together=listed(ref("id")))


def schema(ids):
    party_fields = {name: party() for name in ("client", "server", "source", "destination")}
    root = closed(
        ("@timestamp", "event", "shakeout"), message=STRING, event=event(), ecs=closed(version=STRING),
        observer=closed(vendor=STRING, version=STRING, type=STRING, name=STRING,
                        ingress=closed(interface=closed(name=STRING))),
        file=closed(path=STRING, size=COUNT, hash=closed(sha256=STRING)),
        network=closed(transport={"enum": ["tcp", "udp"]}, type={"enum": ["ipv4", "ipv6"]}, protocol=STRING, bytes=COUNT,
                       packets=COUNT, community_id={"type": "string", "pattern": "^1:[A-Za-z0-9+/]{27}=$"},
                       vlan=closed(id=STRING)),
        rule=closed(id=ref("id"), name=STRING, category=STRING, version=STRING, reference=STRING),
        dns=closed(id=STRING, type={"enum": ["query", "answer"]}, response_code=STRING,
                   question=closed(name=STRING, type=STRING, **{"class": STRING}), resolved_ip=listed(STRING),
                   answers=listed(opened())),
        tls=closed(version=STRING, version_protocol={"enum": ["tls", "ssl"]}, cipher=STRING, established=BOOLEAN,
                   resumed=BOOLEAN, next_protocol=STRING, curve=STRING, 
                   client=certificate(server_name=STRING, ja3=MD5, supported_ciphers=listed(STRING)),
                   server=certificate(ja3s=MD5)),
        shakeout=ours(), **{"@timestamp": TIME}, **party_fields)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:shakeout:events:1.0",
        "title": "shakeout events 1.0", **root, "$defs": {
            "id": {"enum": ids}, "frame": {"type": "integer", "minimum": 1},
            "confidence": {"enum": ["certain", "probable", "possible"]},
            "owner": {"enum": ["client", "server", "network", "middlebox", "dns", "proxy", "capture", "none", "unknown"]},
            "state": {"enum": ["ok", "FAIL", "DROP", "RST", "UNREACH", "NXDOM", "TIMEOUT", "ALERT", "REJECT", "EXPIRED",
                               "PROXY", "CLOSED", "warn", "mixed", ".", "--", "?", "ok*"]}}}


def quoted(text):
    table = {"\\": "\\\\", '"': '\\"', "?": "\\?", "\n": "\\n"}
    pieces = [text[i:i + PIECE] for i in range(0, len(text), PIECE)]
    return ",\n".join('    "' + "".join(table.get(c, c) for c in piece) + '"' for piece in pieces)


def main(findings, target, header):
    with open(findings, encoding="utf-8") as file:
        ids = [line.split("\t")[0] for line in file.read().splitlines()[1:]]
    text = json.dumps(schema(ids), indent=1) + "\n"
    with open(target, "w", encoding="ascii") as file:
        file.write(text)
    with open(header, "w", encoding="ascii") as file:
        file.write(f"static const char *const events_schema[] = {{\n{quoted(text)},\n    0,\n}};\n")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])

"""Messages parsed per second, beside JsSIP's parser in Node, on the same messages.

    python tests/bench/bench_parser.py            # with JsSIP, fetched by npm
    python tests/bench/bench_parser.py --alone    # ours only

Both parse each message and read its Via, From, To, Call-ID, CSeq and Contact. No two messages
are alike, so that no cache of either helps. Rounds alternate between the two; the best round
of each counts, since the machine's other work only ever slows one down. JsSIP is taken from
tests/interop/browser where `npm ci` was run there, else fetched into a folder that goes again. Ours
starts from bytes, JsSIP from strings, as each gets them from its WebSocket.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SMOKE = bool(os.environ.get("YIMI_BENCH_SMOKE"))
ROUNDS = 1 if SMOKE else 5
SECONDS = 0.2 if SMOKE else 1.0
INSTALLED = Path(__file__).parents[1] / "interop" / "browser"

NODE = """
const fs = require('fs');
const Parser = require('jssip/lib/Parser.js');
const messages = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
let read = 0;
function round(seconds) {
  let count = 0;
  const start = process.hrtime.bigint();
  const end = start + BigInt(Math.round(seconds * 1e9));
  while (process.hrtime.bigint() < end) {
    for (const text of messages) {
      const m = Parser.parseMessage(text, null);
      if (!m) throw new Error('refused: ' + text);
      const contact = m.hasHeader('contact') ? m.parseHeader('contact') : null;
      read += m.via.host.length + m.from.uri.host.length + m.to.uri.host.length
        + m.call_id.length + m.cseq + (contact ? contact.uri.host.length : 0);
      count++;
    }
  }
  return count / (Number(process.hrtime.bigint() - start) / 1e9);
}
round(1.0);
require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  console.log(round(Number(line)));
});
console.log('ready');
"""

SDP = (
    "v=0\r\no=- {n} 1 IN IP4 192.0.2.7\r\ns=-\r\nt=0 0\r\nm=audio 40000 UDP/TLS/RTP/SAVPF 111 0 101"
    "\r\nc=IN IP4 192.0.2.7\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:101 telephone-event/48000\r\n"
    "a=ice-ufrag:{tag}\r\na=ice-pwd:{call}\r\na=setup:actpass\r\na=mid:0\r\na=rtcp-mux\r\n"
)

KINDS = (
    # an INVITE from the switch, through a proxy
    "INVITE sip:{user}@{tag}.invalid;transport=ws SIP/2.0\r\n"
    "Record-Route: <sip:192.0.2.10:9060;transport=ws;lr;ftag={tag}>\r\n"
    "Via: SIP/2.0/WSS edge.example.com:9060;branch=z9hG4bK{branch};rport=9060\r\n"
    "Via: SIP/2.0/UDP 192.0.2.11:5080;received=192.0.2.11;rport=5080;branch=z9hG4bK{call}\r\n"
    'From: "12000{n}" <sip:12000{n}@pbx.example.com>;tag={tag}\r\n'
    "To: <sip:{user}@pbx.example.com>\r\nCall-ID: {call}\r\nCSeq: {n} INVITE\r\n"
    "Contact: <sip:mod@192.0.2.11:5080;transport=udp>\r\nUser-Agent: Switch\r\n"
    "Max-Forwards: 68\r\nAllow: INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, INFO, UPDATE\r\n"
    "Supported: timer, path, replaces\r\nSession-Expires: 1800;refresher=uac\r\nMin-SE: 90\r\n"
    "P-Asserted-Identity: <sip:12000{n}@pbx.example.com>\r\n"
    "Content-Type: application/sdp\r\nContent-Length: {sdp_length}\r\n\r\n{sdp}",
    # a control message
    "MESSAGE sip:{user}@{tag}.invalid;transport=ws SIP/2.0\r\n"
    "Via: SIP/2.0/WSS edge.example.com:9060;branch=z9hG4bK{branch};rport\r\n"
    "From: <sip:PBX@pbx.example.com>;tag={tag}\r\nTo: <sip:{user}@pbx.example.com>\r\n"
    "Call-ID: {call}\r\nCSeq: {n} MESSAGE\r\nMax-Forwards: 69\r\n"
    "Content-Type: application/pidf+xml\r\nContent-Length: {xml_length}\r\n\r\n{xml}",
    # the answer to a REGISTER
    "SIP/2.0 200 OK\r\n"
    "Via: SIP/2.0/WSS {tag}.invalid;received=198.51.100.4;rport={port};branch=z9hG4bK{branch}\r\n"
    "From: <sip:{user}@pbx.example.com>;tag={tag}\r\n"
    "To: <sip:{user}@pbx.example.com>;tag=b27e.{call}\r\nCall-ID: {call}\r\nCSeq: {n} REGISTER\r\n"
    'Contact: <sip:{user}@{tag}.invalid;transport=ws>;expires=600;pub-gruu="sip:{user}@e;gr={n}"'
    ';+sip.instance="<urn:uuid:{call}>";reg-id=1\r\nServer: registrar\r\nContent-Length: 0\r\n\r\n',
    # the answer to an INVITE
    "SIP/2.0 200 OK\r\n"
    "Via: SIP/2.0/WSS {tag}.invalid;received=198.51.100.4;rport={port};branch=z9hG4bK{branch}\r\n"
    "Record-Route: <sip:192.0.2.10;lr>, <sip:192.0.2.12:9060;transport=ws;lr>\r\n"
    'From: "Agent {n}" <sip:{user}@pbx.example.com>;tag={tag}\r\n'
    "To: <sip:12000{n}@pbx.example.com>;tag=as{call}\r\nCall-ID: {call}\r\nCSeq: {n} INVITE\r\n"
    "Contact: <sip:12000{n}@192.0.2.11:5080>\r\nAllow: INVITE, ACK, BYE, CANCEL, OPTIONS\r\n"
    "Supported: timer\r\nContent-Type: application/sdp\r\n"
    "Content-Length: {sdp_length}\r\n\r\n{sdp}",
    # a BYE
    "BYE sip:{user}@{tag}.invalid;transport=ws;ob SIP/2.0\r\n"
    "Via: SIP/2.0/WSS edge.example.com:9060;branch=z9hG4bK{branch};rport\r\n"
    "Via: SIP/2.0/UDP 192.0.2.11:5080;branch=z9hG4bK{call}\r\n"
    "From: <sip:12000{n}@pbx.example.com>;tag={tag}\r\n"
    "To: <sip:{user}@pbx.example.com>;tag={branch}\r\nCall-ID: {call}\r\nCSeq: {n} BYE\r\n"
    'Reason: Q.850;cause=16;text="NORMAL_CLEARING"\r\nMax-Forwards: 69\r\n'
    "Content-Length: 0\r\n\r\n",
    # a provisional response
    "SIP/2.0 180 Ringing\r\n"
    "Via: SIP/2.0/WSS {tag}.invalid;rport={port};branch=z9hG4bK{branch}\r\n"
    "From: <sip:{user}@pbx.example.com>;tag={tag}\r\nTo: <sip:12000{n}@pbx.example.com>;tag={call}"
    "\r\nCall-ID: {call}\r\nCSeq: {n} INVITE\r\nContact: <sip:192.0.2.11:5080;transport=udp>\r\n"
    "Content-Length: 0\r\n\r\n",
)


def messages(count: int = 600) -> list[str]:
    """Realistic messages, no two alike."""
    rng = random.Random(1)
    made = []
    for index in range(count):
        fields: dict[str, object] = {
            "n": rng.randrange(10, 9999999),
            "port": rng.randrange(1024, 65535),
            "user": f"{rng.randrange(1000, 9999)}_{rng.getrandbits(60):016x}",
            "tag": f"{rng.getrandbits(48):012x}",
            "branch": f"{rng.getrandbits(80):020x}",
            "call": f"{rng.getrandbits(128):032x}",
        }
        sdp = SDP.format(**fields)
        xml = f'<cc a="100"><c n="{fields["n"]}conf_{fields["n"]}" p="12000{fields["n"]}"/></cc>'
        fields |= {"sdp": sdp, "sdp_length": len(sdp), "xml": xml, "xml_length": len(xml)}
        made.append(KINDS[index % len(KINDS)].format(**fields))
    return made


def ours(frames: list[bytes], seconds: float) -> float:
    """Messages per second of `parse_message` and the accessors, over about `seconds`."""
    from tui.sip import parse_message

    count = 0
    read = 0
    start = time.perf_counter()
    end = start + seconds
    while time.perf_counter() < end:
        for frame in frames:
            m = parse_message(frame)
            contact = m.contact
            read += len(m.via[0].host) + len(m.from_.uri.host) + len(m.to.uri.host)
            read += len(m.call_id) + m.cseq.number + (len(contact.uri.host) if contact else 0)
            count += 1
    assert read
    return count / (time.perf_counter() - start)


def beside_jssip(texts: list[str], frames: list[bytes]) -> tuple[list[float], list[float]]:
    """Rates of ours and of JsSIP's, one of each a round."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        sys.exit("this benchmark needs Node and npm (or --alone)")
    with tempfile.TemporaryDirectory() as folder:
        home = INSTALLED
        if not (home / "node_modules" / "jssip").is_dir():
            home = Path(folder)
            install = [npm, "install", "jssip@3", "--no-audit", "--no-fund", "--silent"]
            subprocess.run(install, cwd=home, check=True, timeout=180)
        (Path(folder) / "bench.js").write_text(NODE)
        (Path(folder) / "messages.json").write_text(json.dumps(texts))
        with subprocess.Popen(
            [node, "bench.js", "messages.json"],
            cwd=folder,
            env={**os.environ, "NODE_PATH": str(home / "node_modules")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "ready"
            mine, theirs = [], []
            for _ in range(ROUNDS):
                mine.append(ours(frames, SECONDS))
                process.stdin.write(f"{SECONDS}\n")
                process.stdin.flush()
                theirs.append(float(process.stdout.readline()))
            process.stdin.close()
        return mine, theirs


def slowest() -> float:
    """Milliseconds for the slowest 64 KiB that the fuzz tests know, the best of three rounds."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from tests.sip.message.hostile import SIZE, UNITS, frames, read_all

    worst = 0.0
    for unit in UNITS[:3] if SMOKE else UNITS:
        for data in frames(unit, SIZE):
            times = []
            for _ in range(3):
                began = time.process_time()
                read_all(data)
                times.append(time.process_time() - began)
            worst = max(worst, min(times))
    return worst * 1000


def main() -> int:
    """Print what was measured; 1 when the aim is missed."""
    parser = argparse.ArgumentParser(description="Messages parsed per second, beside JsSIP.")
    parser.add_argument("--alone", action="store_true", help="measure ours only")
    alone = parser.parse_args().alone
    texts = messages()
    frames = [text.encode() for text in texts]
    ours(frames, 0.2)
    print(json.dumps({"bench": "parser", "slowest 64 KiB, ms": round(slowest(), 1), "aim": 50}))
    if alone:
        best = max(ours(frames, SECONDS) for _ in range(ROUNDS))
        print(f"ours   {best:8.0f} messages/s")
        print(json.dumps({"bench": "parser", "ours": round(best)}))
        return 0
    mine, theirs = beside_jssip(texts, frames)
    ratio = max(mine) / max(theirs)
    print(f"ours   {max(mine):8.0f} messages/s   rounds {' '.join(f'{r:.0f}' for r in mine)}")
    print(f"JsSIP  {max(theirs):8.0f} messages/s   rounds {' '.join(f'{r:.0f}' for r in theirs)}")
    print(f"ratio  {ratio:8.2f}   (aim: at least 1.00)")
    found = {"ours": round(max(mine)), "jssip": round(max(theirs)), "ratio": round(ratio, 2)}
    print(json.dumps({"bench": "parser", **found}))
    return 0 if SMOKE or ratio >= 1 else 1


if __name__ == "__main__":
    sys.exit(main())

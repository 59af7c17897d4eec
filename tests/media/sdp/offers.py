"""An offer as a PBX makes it."""

from __future__ import annotations

FINGERPRINT = ":".join(["AB"] * 32)
GOOD = f"""v=0
o=PBX 1 1 IN IP4 192.0.2.1
s=call
c=IN IP4 192.0.2.1
t=0 0
m=audio 20000 UDP/TLS/RTP/SAVPF 111 101
a=rtpmap:111 opus/48000/2
a=fmtp:111 useinbandfec=1; stereo=0
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=sendrecv
a=mid:audio
a=rtcp-mux
a=ice-ufrag:abcd
a=ice-pwd:abcdefghijklmnopqrstuvwx
a=fingerprint:sha-256 {FINGERPRINT}
a=setup:actpass
a=candidate:1 1 UDP 2130706431 192.0.2.1 20000 typ host
a=ssrc:1234 cname:pbx
""".replace("\n", "\r\n")

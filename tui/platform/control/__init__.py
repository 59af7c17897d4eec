"""Control messages <-> XML: the only place that knows the vocabulary of the control wire.

Both directions: a console encodes what agents say and decodes what the platform says; the sandbox
does the reverse. Each body is one XML element in a SIP MESSAGE. Codes and names here are the
specification's; a platform's own stand in `vocabulary`, and in the config (`[messages]`).

What is known is read and the rest skipped, wherever it stands: an attribute, a child or a root that
nobody told us about never takes the known part with it. What was skipped is kept in the list of
what was not understood. Nothing but a message or ControlError comes out of the functions here,
whatever the bytes.
"""

from __future__ import annotations

from typing import Final

from tui.platform.control.errors import ControlError
from tui.platform.control.reading import decode, decode_agent, decode_all, leg_of
from tui.platform.control.writing import encode, encode_leg
from tui.platform.extensions import eid16, internal_number, split_number
from tui.platform.messages import (
    AfterCallWork,
    AgentMessage,
    Answer,
    Answered,
    CallinFailed,
    CallinResponse,
    CalloutResponse,
    CallStateReport,
    CancelCall,
    DialExtension,
    DialOutside,
    Ended,
    GroupCallReport,
    HangUp,
    Held,
    Hold,
    JoinGroup,
    Kicked,
    NewCall,
    NoCall,
    NotForUs,
    PlatformMessage,
    QueryCall,
    Reason,
    Resume,
    Resumed,
    SetSeatMode,
    SetStatus,
    StatusAfterCall,
    StatusAfterCallResponse,
    StatusChanged,
    Supervise,
    SuperviseAct,
    SuperviseResponse,
    Threeway,
    ThreewayResponse,
    ThreewayResult,
    Transfer,
    TransferFailed,
    TransferSucceeded,
    Unknown,
)
from tui.platform.vocabulary import ASSUMED, Assumed
from tui.xml_body import MAX_BYTES, MAX_DEPTH

__all__ = [
    "ASSUMED",
    "CONTENT_TYPE",
    "MAX_BYTES",
    "MAX_DEPTH",
    "AfterCallWork",
    "AgentMessage",
    "Answer",
    "Answered",
    "Assumed",
    "CallStateReport",
    "CallinFailed",
    "CallinResponse",
    "CalloutResponse",
    "CancelCall",
    "ControlError",
    "DialExtension",
    "DialOutside",
    "Ended",
    "GroupCallReport",
    "HangUp",
    "Held",
    "Hold",
    "JoinGroup",
    "Kicked",
    "NewCall",
    "NoCall",
    "NotForUs",
    "PlatformMessage",
    "QueryCall",
    "Reason",
    "Resume",
    "Resumed",
    "SetSeatMode",
    "SetStatus",
    "StatusAfterCall",
    "StatusAfterCallResponse",
    "StatusChanged",
    "Supervise",
    "SuperviseAct",
    "SuperviseResponse",
    "Threeway",
    "ThreewayResponse",
    "ThreewayResult",
    "Transfer",
    "TransferFailed",
    "TransferSucceeded",
    "Unknown",
    "decode",
    "decode_agent",
    "decode_all",
    "eid16",
    "encode",
    "encode_leg",
    "internal_number",
    "leg_of",
    "split_number",
]

CONTENT_TYPE: Final = "application/pidf+xml"

"""An answer of a backend: its code, its words, and whether it is a yes, however it says so."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from tui.platform import codes
from tui.platform.base import PlatformError
from tui.platform.json_paths import PATHS, JsonPaths, at
from tui.platform.json_values import flag_of, integer_of
from tui.text import clean_text

_TOKEN_REFUSED: Final = (401, 403)
NO_SUCH_ROUTE: Final = (404, 405, 410, 501)
"""What HTTP says where nobody knows the path, or the method there."""
_OTHER_WORDS: Final = (
    *("message", "msg", "errmsg", "error.message", "error_description", "detail", "reason"),
    *("error", "title"),
)
"""Where gateways and frameworks put the words of a refusal (RFC 9457, RFC 6749 §5.2)."""
_OTHER_CODES: Final = ("code", "ret", "errcode", "errno", "error_code")
"""Where they put its code."""
_USUAL_YES: Final = (0, 1, 200)
_says_yes = re.compile(r"(?i)\b(?:success|succeed|ok\b)|成功").search
_MOST_WORDS: Final = 20
"""Texts of one `info` that are put together."""


class NoSuchRoute(PlatformError):
    """The server has nothing at that path."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: the HTTP status, the JSON value, and how the platform names what is in it."""

    http: int
    body: Any
    paths: JsonPaths = PATHS
    said: str = ""
    """HTTP's own words for a refusal, where the answer has none."""
    wait: float = 0.0
    """Seconds for which the server wants to be left alone."""

    @property
    def status(self) -> int:
        """The code of the answer: 200 is yes, any other why not."""
        given = at(self.body, self.paths.status)
        if given is None and self._own_code in codes.LOGIN:
            return self._own_code
        if given is None and self._says_no:
            return codes.SERVER_ERROR
        if given is not None and not self.paths.is_success(given):
            code = integer_of(given)
            return codes.SERVER_ERROR if code is None else code
        if 200 <= self.http < 300:
            return 200
        return self.http if self.http in _TOKEN_REFUSED else codes.SERVER_ERROR

    @property
    def _own_code(self) -> int:
        """The code of a refusal where it has no status: as the SDK hands it on (`{code, info}`)."""
        return integer_of(at(self.body, "code")) or 0

    @property
    def _says_no(self) -> bool:
        """Whether an answer without a status is a refusal all the same, as frameworks write it."""
        if self.body is False or any(
            flag_of(at(self.body, name)) is False for name in ("success", "ok")
        ):
            return True
        data = at(self.body, "data")
        error = "" if data is not None else clean_text(_words(at(self.body, "error")))
        if error != "" and flag_of(error) is not False:
            return True
        return data in (None, "", [], {}) and self._has_a_strange_code

    @property
    def _has_a_strange_code(self) -> bool:
        """A code that is none of those for a yes, beside words that do not say that it is one."""
        code = next(filter(None, (integer_of(at(self.body, name)) for name in _OTHER_CODES)), 0)
        return code not in _USUAL_YES and self.words != "" and not _says_yes(self.words)

    @property
    def token_refused(self) -> bool:
        """Whether the token was not taken, or not any longer."""
        return self.http in _TOKEN_REFUSED or self.status in _TOKEN_REFUSED

    @property
    def info(self) -> str:
        """The platform's own words, cleaned. A refusal of somebody before it may have them under
        another name; without any, HTTP's are told, or the status that was no yes."""
        if self.status == HTTPStatus.OK:
            return clean_text(_words(at(self.body, self.paths.info)))
        return self.words or self.said or self._strange_status

    @property
    def words(self) -> str:
        """What the answer says in words, wherever it has them; "" for none. A yes says there that
        it is one, most often."""
        places = (self.paths.info, *_OTHER_WORDS)
        said = (clean_text(_words(at(self.body, path))) for path in places)
        return next(filter(None, said), "")

    @property
    def _strange_status(self) -> str:
        given = at(self.body, self.paths.status)
        if given is None or integer_of(given) is not None:
            return ""
        said = clean_text(json.dumps(given, ensure_ascii=False), 60)
        return f"{self.paths.status} {said} ([{self.paths.section}] success)"


def _words(given: Any) -> str:
    """Words in whatever shape they come: text, a number, several of them, or one for each field."""
    if isinstance(given, dict):
        given = list(given.values())
    several = given[:_MOST_WORDS] if isinstance(given, list) else [given]
    return " ".join(word for each in several if (word := _words_of_one(each)))


def _words_of_one(given: Any) -> str:
    if isinstance(given, str):
        return given
    number = integer_of(given)
    return "" if number is None else str(number)

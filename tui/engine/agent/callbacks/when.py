"""When to call somebody back, as people type it: "+30", "14:30", "tomorrow 10", "周一 9点半".

Read forgivingly, in English and Chinese whatever the screen speaks; what is not understood is a
sentence. A time of day that is past today means tomorrow; a day without a time means 9 o'clock.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta
from typing import Final

MORNING: Final = 9
"""The hour of a day that is named without a time."""
FARTHEST: Final = timedelta(days=366)
HOURS: Final = 24
"""A bare number below this is an hour; from here on it is minutes from now."""

_WORDS: Final = {
    "today": 0,
    "tonight": 0,
    "tomorrow": 1,
    "tmr": 1,
    "overmorrow": 2,
    "今天": 0,
    "今日": 0,
    "今晚": 0,
    "明天": 1,
    "明日": 1,
    "明早": 1,
    "明晚": 1,
    "后天": 2,
    "大后天": 3,
}
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SIGNS: Final = {"一": 0, "二": 1, "三": 2, "四": 3, "五": 4, "六": 5, "日": 6, "天": 6}
_AFTERNOON: Final = frozenset(("下午", "晚上", "晚", "傍晚", "pm"))
_FORENOON: Final = frozenset(("上午", "早上", "早", "凌晨", "am"))

_AMOUNT: Final = r"(?:(\d+(?:\.\d+)?)\s*"
_RELATIVE: Final = re.compile(
    r"(?P<sign>\+|in\s+|再?过)?\s*"
    + _AMOUNT
    + r"(?:w|weeks?|个?星期|周))?\s*"
    + _AMOUNT
    + r"(?:d|days?|天))?\s*"
    + _AMOUNT
    + r"(?:h|hr|hrs|hours?|个?小时|个?钟头))?\s*"
    + _AMOUNT
    + r"(?P<unit>m|min|mins|minutes?|分钟?)?)?\s*(?P<after>later|from now|以后|之后|后)?"
)
_HALF_HOUR: Final = re.compile(r"(?:\+|in\s+|再?过)?(?:half an hour|半个?小时)(?:后|以后|later)?")
_TIME: Final = re.compile(
    r"(?:at\s+)?(?P<half>上午|早上|早|凌晨|中午|下午|傍晚|晚上|晚)?\s*"
    r"(?P<hour>\d{1,2})(?:\s*[:.点时]\s*(?P<minute>\d{1,2})?|(?P<more>\d{2}))?\s*"
    r"(?P<part>半|一刻|三刻)?分?\s*(?P<ampm>[ap]\.?m\.?)?(?:\s*o'?clock)?"
)
_NOON: Final = {"noon": 12, "midday": 12, "中午": 12, "midnight": 24}
_PARTS: Final = {None: 0, "半": 30, "一刻": 15, "三刻": 45}
_ISO: Final = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")
_MONTH_DAY: Final = re.compile(r"(\d{1,2})(?:-|/|月)(\d{1,2})[日号]?")
_DAY_MONTH: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.")
_WEEKDAY: Final = re.compile(
    r"(?P<next>next\s+|下个?)?(?:(?P<name>mon|tue|wed|thu|fri|sat|sun)[a-z]*"
    r"|(?:周|星期|礼拜)(?P<sign>[一二三四五六日天]))"
)


class WhenError(ValueError):
    """The text is no time that could be meant; `message_id` names the sentence."""

    def __init__(self, message_id: str) -> None:
        super().__init__(message_id)
        self.message_id = message_id


def parse_when(text: str, now: datetime) -> datetime:
    """The moment that is meant, in local time as `now`. Raises WhenError: `when.unclear`,
    `when.past`, `when.far`."""
    plain = " ".join(unicodedata.normalize("NFKC", text).casefold().replace("，", " ").split())
    if not plain:
        raise WhenError("when.empty")
    found = _relative(plain, now) or _absolute(plain, now)
    if found is None:
        raise WhenError("when.unclear")
    if found.timestamp() <= now.timestamp():  # an hour of some night comes twice
        raise WhenError("when.past")
    if found - now > FARTHEST:
        raise WhenError("when.far")
    return found


def _relative(text: str, now: datetime) -> datetime | None:
    if _HALF_HOUR.fullmatch(text):
        return _later(now, 30 * 60)
    found = _RELATIVE.fullmatch(text)
    if found is None:
        return None
    weeks, days, hours, minutes = (found[2], found[3], found[4], found[5])
    if not any((weeks, days, hours, minutes)):
        return None
    bare = not (found["sign"] or found["after"] or found["unit"] or weeks or days or hours)
    if bare and (minutes is None or "." in minutes or len(minutes) > 3 or int(minutes) < HOURS):
        return None  # "10" is an hour, "1030" a time
    try:
        days_on = timedelta(weeks=float(weeks or 0), days=float(days or 0))
        day = now + days_on if days_on else now  # a sum forgets which of two equal hours it is
        return _later(day, float(hours or 0) * 3600 + float(minutes or 0) * 60)
    except (OverflowError, ValueError, OSError):
        raise WhenError("when.far") from None


def _later(moment: datetime, seconds: float) -> datetime:
    """So much later by the sun, whatever the clocks are put to in between."""
    return datetime.fromtimestamp(moment.timestamp() + seconds) if seconds else moment


def _absolute(text: str, now: datetime) -> datetime | None:
    day, rest = _day(text, now)
    time = _time_of_day(rest) if rest else None
    if rest and time is None:
        # The day may stand behind the time.
        head, _, tail = text.rpartition(" ")
        day, left = _day(tail, now) if head else (None, text)
        time = _time_of_day(head) if day is not None and not left else None
        if time is None:
            return None
    if day is None:
        if time is None:
            return None
        today = now.replace(hour=0, minute=0, second=0, microsecond=0) + time
        return today if today > now else today + timedelta(days=1)
    evening = text.startswith(("今晚", "明晚", "tonight"))
    if evening and time is not None and time < timedelta(hours=12):
        time += timedelta(hours=12)
    return day + (timedelta(hours=19 if evening else MORNING) if time is None else time)


def _day(text: str, now: datetime) -> tuple[datetime | None, str]:
    """The day (at midnight) that the text begins with, and the rest of the text."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    for word in sorted(_WORDS, key=len, reverse=True):
        if text.startswith(word):
            return today + timedelta(days=_WORDS[word]), _rest(text[len(word) :])
    if found := _WEEKDAY.match(text):
        sign = found["sign"]
        wanted = _SIGNS[sign] if sign else _WEEKDAYS.index(found["name"])
        away = (wanted - today.weekday()) % 7
        if found["next"] and sign:  # 下周一: of the week that comes
            away = wanted - today.weekday() + 7
        elif away == 0:
            away = 7
        return today + timedelta(days=away), _rest(text[found.end() :])
    for pattern, order in ((_ISO, (1, 2, 3)), (_DAY_MONTH, (0, 2, 1)), (_MONTH_DAY, (0, 1, 2))):
        if found := pattern.match(text):
            year = int(found[order[0]]) if order[0] else today.year
            try:
                day = today.replace(year=year, month=int(found[order[1]]), day=int(found[order[2]]))
                if not order[0] and day < today:
                    day = day.replace(year=year + 1)
            except ValueError:
                raise WhenError("when.unclear") from None
            return day, _rest(text[found.end() :])
    return None, text


def _rest(text: str) -> str:
    return text.strip(" ,t").removeprefix("at ").strip()


def _time_of_day(text: str) -> timedelta | None:
    if text in _NOON:
        return timedelta(hours=_NOON[text])
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    hour = int(found["hour"])
    minute = int(found["minute"] or found["more"] or 0) + _PARTS[found["part"]]
    half = found["half"] or (found["ampm"] or "").replace(".", "")
    if half in _AFTERNOON and hour < 12:
        hour += 12
    elif half in _FORENOON and hour == 12:
        hour = 0
    return timedelta(hours=hour, minutes=minute) if hour < 24 and minute < 60 else None

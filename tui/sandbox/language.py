"""What the platform says in words (`info`), in Chinese: real platforms speak their agents'
language, and who practises reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final, cast

from aiohttp import web

from tui.platform import messages as m

CHINESE: Final = {
    "SIP phone busy": "SIP话机忙",
    "SIP phone offline": "SIP话机离线",
    "a code that no document lists": "文档中没有的代码",
    "agent not idle": "坐席非空闲",
    "bad argument": "参数错误",
    "bad number": "号码错误",
    "busy": "忙",
    "no permission for that agent": "无权呼叫该坐席",
    "no right": "没有权限",
    "no such call": "没有该通话",
    "no such call in your group": "本组没有该通话",
    "no such enterprise": "企业不存在",
    "no such extension": "分机不存在",
    "no such group": "技能组不存在",
    "no such member": "成员不存在",
    "no such switch number": "总机号不存在",
    "no server for that switch number": "该总机号没有服务器",
    "no SIP phone bound": "未绑定SIP话机",
    "not a number": "不是号码",
    "not idle": "非空闲",
    "not verified": "未验证",
    "number is missing": "缺少号码",
    "outside hours": "非服务时间",
    "outside working hours": "非工作时间",
    "refused": "已拒绝",
    "server error": "服务器错误",
    "switch number suspended": "总机号已停用",
    "the bound SIP phone does not exist": "绑定的SIP话机不存在",
    "the customer's daily limit": "已达该客户当日呼叫上限",
    "the extension is offline": "分机离线",
    "the seat cannot be checked in": "坐席无法签入",
    "the token is not valid": "令牌无效",
    "there is a third party already": "已有第三方",
    "there is no such phone": "没有该话机",
    "there is no third party": "没有第三方",
    "this switch number never works": "该总机号始终不可用",
    "too late": "超时",
    "wrong extension or password": "分机号或密码错误",
    "wrong password": "密码错误",
    "wrong state": "状态不符",
}
_ALWAYS: Final = re.compile(r"this switch number always answers ([0-9]+)")


def in_chinese(text: str) -> str:
    """The same in Chinese; what nobody translated stays as it is."""
    if found := _ALWAYS.fullmatch(text):
        return f"该总机号始终返回 {found[1]}"
    return CHINESE.get(text, text)


def message_in_chinese(message: m.PlatformMessage) -> m.PlatformMessage:
    """The same control message, its words in Chinese."""
    info = getattr(message, "info", "")
    if not info:
        return message
    return cast(m.PlatformMessage, replace(cast(Any, message), info=in_chinese(info)))


@web.middleware
async def web_in_chinese(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """The same answer of the web API, its words in Chinese."""
    response = await handler(request)
    if request.path.startswith("/control/") or not isinstance(response, web.Response):
        return response
    if response.content_type != "application/json":
        return response
    said = json.loads(response.text or "null")
    if isinstance(said, dict) and said.get("info"):
        said["info"] = in_chinese(str(said["info"]))
        return web.json_response(said, status=response.status)
    return response

"""One word for one thing: what the Chinese console calls a thing, and what it does not."""

from __future__ import annotations

import re

import pytest

from tests.terminal import languages
from tui.console import i18n
from tui.console.actions.action import key_name

NOT_SAID = {
    "话后整理": "话后处理",
    "随后": "话后状态",
    "通话后状态": "话后状态",
    "立即就绪": "结束话后（置闲）",
    "不计时": "暂停倒计时",
    "取回": "恢复通话",
    "听筒": "扬声器",
    "响铃设备": "振铃设备",
    "密钥环": "系统钥匙串",
    "配置档": "登录方案",
    "沙箱": "练习模式",
    "下线": "强制签出",
    "次振铃": "第 N 次派送",
    "无法接听": "暂不便接听",
    "线路被拒": "注册被拒",
    "未能写出": "导出失败",
    "已补全": "已掩盖",
    "重建声音": "重建语音",
    "标出": "选中的",
    "自检": "班前检查",
    "打错": "误拨",
    "需回电": "待回访",
    "拆分": "退出合并",
    "电话进程": "软电话",
    "话机进程": "软电话",
    "接通 {answered}": "接听",
    "示忙": "忙碌",
    "示闲": "空闲",
    "Enter": "回车",
}
"""What is not said, and what is said in its place."""
CHINESE = languages.sentences("zh")


@pytest.mark.parametrize("word", NOT_SAID)
def test_a_thing_has_one_word(word: str) -> None:
    assert [id for id, text in CHINESE.items() if word in text] == []


def test_the_word_that_is_meant_is_said_somewhere() -> None:
    everything = "".join(CHINESE.values())
    words = {word.removesuffix("的") for word in NOT_SAID.values()} - {"第 N 次派送"}
    assert [word for word in words if word not in everything] == []


def test_a_buffer_is_the_buffer_of_playing() -> None:
    assert [t for t in CHINESE.values() if re.search("(?<!播放)缓冲", t)] == []


def test_nothing_behind_a_colon_is_a_dash() -> None:
    assert [t for t in CHINESE.values() if re.search("[：:]\\s*[–—-]$", t)] == []
    assert "–" not in (CHINESE["next.none"], CHINESE["voice.off"])


def test_the_key_enter_is_printed_in_the_language_of_the_console() -> None:
    assert key_name("enter") == "Enter"
    i18n.set_language("zh")
    assert key_name("enter") == "回车"

"""The border between an engine and who looks at it: values, and the Unix socket they cross."""

from tui.plain_value import replace as replace

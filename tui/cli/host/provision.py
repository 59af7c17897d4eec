"""`yimi provision`: fetch the administrator's settings now, in place of at the next start.

Exit codes: 0 they are here · 1 they did not come (why: on standard error), the copy from before
counts · 2 not understood, or the config names no server.
"""

from __future__ import annotations

import os
import sys

from tui.cli.exits import OK, REFUSED, USAGE, complain, complain_config
from tui.config.errors import ConfigError
from tui.config.paths import Paths
from tui.config.reader import administrators


def run() -> int:
    """Fetch them; the exit code."""
    from tui.config.layers import system_file
    from tui.console import i18n

    i18n.set_language(i18n.from_locale(os.environ))
    try:
        config = administrators()
    except ConfigError as error:
        return complain_config(error)
    if not config.provision.url:
        return complain(i18n.tr("provision.none", system=system_file()), USAGE)
    from tui.config.provision.fetch import FetchError, fetch

    try:
        new = fetch(config, Paths.find().state)
    except FetchError as error:
        return complain(i18n.tr(error.id, **error.values), REFUSED)
    print(i18n.tr("provision.new" if new else "provision.same"))
    return OK


def fetch_first() -> None:
    """Before the config is read: where the administrator's settings never came, they are fetched
    now, and it is waited for them; that they do not come is said, and the desk begins without."""
    from tui.console import i18n

    try:
        config = administrators()
        if not config.provision.url:
            return
        from tui.config.provision.kept_copy import read_copy

        try:
            if read_copy(config.provision, Paths.find().state) is not None:
                return
        except ConfigError:
            pass  # no copy that the administrator signed
    except ConfigError:
        return  # said by whoever reads it all
    from tui.config.provision.fetch import FetchError, fetch

    i18n.set_language(i18n.from_locale(os.environ))
    print(i18n.tr("provision.first"), file=sys.stderr, flush=True)
    try:
        fetch(config, Paths.find().state)
    except FetchError as error:
        complain(i18n.tr(error.id, **error.values), REFUSED)

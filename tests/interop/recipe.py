"""What docs/pbx.md tells one to do at an Asterisk, carried out."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

RECIPE = Path(__file__).parents[2] / "docs" / "pbx.md"


def make_certificates(folder: Path) -> None:
    """Run the recipe's commands there: ca.pem, and pbx.pem for 127.0.0.1."""
    found = re.search(r"<!-- ca: begin -->\n```sh\n(.*?)```", RECIPE.read_text(), re.DOTALL)
    assert found
    commands = found[1].replace("DNS:pbx.example.com", "IP:127.0.0.1")
    subprocess.run(["sh", "-ec", commands], cwd=folder, check=True, capture_output=True)

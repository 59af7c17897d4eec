"""The agent's phone: no Textual, no terminal. Front ends speak to it through the port."""

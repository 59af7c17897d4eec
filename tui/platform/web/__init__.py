"""The web of a backend: addresses, proxies, cookies, one client, and what its answers say."""

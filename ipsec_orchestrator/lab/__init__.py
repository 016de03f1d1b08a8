"""The embedded lab: a real Samba domain and simulated Windows hosts, all on loopback."""

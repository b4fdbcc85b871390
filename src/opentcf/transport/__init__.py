"""Sockets: what the core orders goes out here, what comes in is reported up. No error leaves as an exception."""

"""SIP (RFC 3261 and its updates) as values and state machines. No I/O, no clock, no chance; standard library only."""

"""The trunking domain: subscribers, groups, peers, registrations, calls, floors. Knows nothing of SIP."""

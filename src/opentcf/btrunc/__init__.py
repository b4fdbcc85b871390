"""The dictionary between SIP text and trunking values. Every token of the interface stands in `wire`."""

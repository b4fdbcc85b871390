"""OpenTCF: an open trunking control function (TCF) of B-TrunC."""

__version__ = "0.1.0"

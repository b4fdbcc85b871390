"""`opentcf ue`: a terminal or dispatcher at the prompt."""

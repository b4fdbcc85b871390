"""The procedures of TC2-C and D, one file each. Siblings never import each other; they meet in facts."""

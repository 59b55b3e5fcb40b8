"""The root helper; standard library only, as root trusts no other code."""

"""Reads the statements under sql/, which Python never assembles."""

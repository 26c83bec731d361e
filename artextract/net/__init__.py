"""Fetch untrusted URLs over HTTP, with retries, robots.txt and rate limits."""

"""HTTP: fetching from untrusted addresses, retries, and politeness toward servers."""

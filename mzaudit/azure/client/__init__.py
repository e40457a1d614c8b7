"""How Azure is reached: sign-in, transport, rate limits, retries, the read-only guard, failures as gaps."""

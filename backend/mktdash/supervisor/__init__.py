"""What runs mktdash on one machine: child processes, their common log, the embedded Redis, and the claim on a home."""

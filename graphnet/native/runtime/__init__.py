"""The runtime of compiled programs: dispatcher, threads, memory."""

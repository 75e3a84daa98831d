"""What compiled programs run on: dispatcher, threads, memory."""

"""Speed and memory of every network on this machine, beside what was published."""

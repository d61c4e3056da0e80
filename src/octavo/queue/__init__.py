"""The processes that make runs: woken through procrastinate, one child process for each render, a reaper for what was lost."""

"""The shell around every module's routes: who asks, problems, pages of lists, limits, metrics, health."""

"""The pages of reports: the catalog, and each report with its figures, its first rows, and the form by which it is asked for."""

"""Energy contracts: projects, meters, and the invoices that are sent, expected and received under power purchase and service contracts."""

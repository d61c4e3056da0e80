"""Where files go when they leave the house: the ledger of deliveries, the channels they take, and what an organization is told."""

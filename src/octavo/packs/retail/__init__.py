"""A shop: its sales, customers and products, from a point of sale or from a file of invoice lines."""

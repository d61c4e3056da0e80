"""Commands of the server, one file each; cli.py registers them."""

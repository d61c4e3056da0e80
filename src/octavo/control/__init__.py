"""Who may, when, and what remains. Each module is reached through its actions."""

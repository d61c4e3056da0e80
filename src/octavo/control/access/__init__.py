"""People, what each may, and the credentials they show."""

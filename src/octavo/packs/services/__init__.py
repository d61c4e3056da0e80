"""A services business: how long quotes, settlements and approvals take, and what money came in."""

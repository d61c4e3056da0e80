"""How long every report takes in every format, a few rows and all of a medium business."""

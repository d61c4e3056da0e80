select number, 987654321 / (50000 - number) as ratio
from generate_series(1, 60000) as number

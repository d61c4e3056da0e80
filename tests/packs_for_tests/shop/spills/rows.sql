select (%(word)s::text)::integer as number

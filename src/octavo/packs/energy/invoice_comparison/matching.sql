-- The three kinds stand there always, so that "none missing" is said and not left out.
select kind.match, coalesce(sum(line.lines), 0) as lines, coalesce(sum(line.discrepancies), 0) as discrepancies
from (values (1, 'matched'), (2, 'missing in received'), (3, 'missing in expected')) as kind (position, match)
left join base as line on line.match = kind.match
group by kind.position, kind.match
order by kind.position

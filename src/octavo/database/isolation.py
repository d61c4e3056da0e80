"""The proof from the system catalogue that organizations are kept apart: what Octavo's roles may reach, and how it is guarded.

It is asked at every start, by `octavo doctor` and by the tests. A database with a weakness is not served.
"""

import itertools
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from octavo.database.connection import Connection, Database
from octavo.errors import DatabaseError

_TENANT = "(NULLIF(current_setting('octavo.organization_id'::text, true), ''::text))::bigint"
_RIGHTS = {"r": "read", "a": "insert into", "w": "update", "d": "delete from", "D": "truncate", "x": "refer to", "t": "put triggers on"}

# Every relation on which octavo_reader or octavo_app has a right, once for each of the two. What an extension brought is its own matter.
_REACHABLE = """
select c.oid::bigint, n.nspname, c.relname, c.relkind::text, role,
       concat(
           case when has_any_column_privilege(role, c.oid, 'select') then 'r' end, case when has_any_column_privilege(role, c.oid, 'insert') then 'a' end,
           case when has_any_column_privilege(role, c.oid, 'update') then 'w' end, case when has_table_privilege(role, c.oid, 'delete') then 'd' end,
           case when has_table_privilege(role, c.oid, 'truncate') then 'D' end,
           case when has_any_column_privilege(role, c.oid, 'references') then 'x' end, case when has_table_privilege(role, c.oid, 'trigger') then 't' end
       ) as rights,
       c.relrowsecurity and c.relforcerowsecurity as forced,
       exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'organization_id' and a.attnotnull) as has_tenant,
       exists (select from unnest(c.reloptions) o where o ~ '^security_invoker=(t|y|on|1)') as invoker,
       exists (select from unnest(c.reloptions) o where o ~ '^security_barrier=(t|y|on|1)') as barrier,
       case when c.relkind = 'v' then pg_get_viewdef(c.oid) end as definition,
       owner.rolsuper or owner.rolbypassrls as owner_bypasses, owner.rolname = role as owns
from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_roles owner on owner.oid = c.relowner,
     (values ('octavo_reader'), ('octavo_app')) as octavo(role)
where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
  and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
  and has_schema_privilege(role, n.oid, 'usage')
  and (has_any_column_privilege(role, c.oid, 'select, insert, update, references') or has_table_privilege(role, c.oid, 'delete, truncate, trigger'))
  and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by n.nspname, c.relname, role desc
"""

_POLICIES = """
select p.polrelid::bigint, role, p.polcmd::text, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
from pg_policy p, (values ('octavo_reader'), ('octavo_app')) as octavo(role)
where p.polpermissive and (0 = any (p.polroles) or exists (select from unnest(p.polroles) member where pg_has_role(role, member, 'usage')))
"""

_DEFINERS = """
select format('%I.%I', n.nspname, p.proname)
from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where p.prosecdef and n.nspname not in ('pg_catalog', 'information_schema')
  and has_schema_privilege('octavo_reader', n.oid, 'usage') and has_function_privilege('octavo_reader', p.oid, 'execute')
order by 1
"""

_ROLES = """
select format('the role %s sees past row-level security', rolname)
from pg_roles where rolname in ('octavo_owner', 'octavo_app', 'octavo_reader') and (rolsuper or rolbypassrls)
union all
select format('%s has the rights of %s', member.rolname, granted.rolname)
from pg_auth_members m join pg_roles member on member.oid = m.member join pg_roles granted on granted.oid = m.roleid
where member.rolname = 'octavo_reader' or member.rolname = 'octavo_app' and granted.rolname = 'octavo_owner'
order by 1
"""


@dataclass(frozen=True)
class _Reach:
    """What one role may do with one relation."""

    oid: int
    schema: str
    name: str
    kind: str
    role: str
    rights: str
    forced: bool
    has_tenant: bool
    invoker: bool
    barrier: bool
    definition: str | None
    owner_bypasses: bool
    owns: bool

    @property
    def relation(self) -> str:
        return f"{self.schema}.{self.name}"


_Policy = tuple[str, str | None, str | None]


def weaknesses(database: Database, guarded: Collection[str], single_tenant: Collection[str] = ()) -> list[str]:
    """Every way in which one organization could reach another's rows; none is well.

    `guarded` are the schemas that packs declare to keep organizations apart, `single_tenant` those that belong to one as a whole.
    """
    with database.app() as connection:
        return weaknesses_seen(connection, guarded, single_tenant)


def refuse_weak(database: Database, guarded: Collection[str], single_tenant: Collection[str] = ()) -> None:
    """Raises DatabaseError when there is a weakness."""
    if found := weaknesses(database, guarded, single_tenant):
        raise DatabaseError(
            f"Organizations are not kept apart, so nothing is served: {found[0]}"
            + (f" (and {len(found) - 1} more; see octavo doctor)" if found[1:] else "")
        )


def weaknesses_seen(connection: Connection, guarded: Collection[str], single_tenant: Collection[str] = ()) -> list[str]:
    """The weaknesses that an open transaction sees; it must be in one."""
    connection.execute("set local search_path = ''")  # so that the catalogue names every function with its schema
    policies: dict[tuple[object, object], list[_Policy]] = {}
    for oid, role, command, using, check in connection.execute(_POLICIES):
        policies.setdefault((oid, role), []).append((str(command), using, check))  # type: ignore[arg-type]
    found = [str(text) for (text,) in connection.execute(_ROLES)]
    for row in connection.execute(_REACHABLE).fetchall():
        reach = _Reach(*row)  # type: ignore[arg-type]
        if reach.schema not in set(single_tenant) - {"octavo"}:
            found += _weak(reach, {"octavo", *guarded}, policies.get((reach.oid, reach.role), []))
    found += [f"octavo_reader may run {function}, which acts with its owner's rights" for (function,) in connection.execute(_DEFINERS)]
    return found


def _weak(reach: _Reach, guarded: set[str], policies: Sequence[_Policy]) -> list[str]:
    reader = reach.role == "octavo_reader"
    if reach.owns:
        return [
            f"{reach.role} owns {reach.relation}, so it could lift what guards it; run: alter table {reach.relation} owner to octavo_owner"
        ]
    found = [
        f"{reach.role} may {_RIGHTS[right]} {reach.relation}; revoke it"
        for right in reach.rights
        if right in ("awdDxt" if reader else "Dxt")
    ]
    unfit = ""
    if reach.schema not in guarded:
        if not reader:
            return []
        unfit = f"and no pack declares the schema {reach.schema}; revoke it, or declare it"
    elif reader and reach.schema == "octavo" and reach.name != "organization":
        unfit = "which is for Octavo alone; revoke it"
    elif reader and reach.kind == "S":
        unfit = "which counts the rows of all organizations; revoke it"
    elif reach.kind in ("m", "f"):
        unfit = "a materialized view or foreign table, which row-level security does not guard; revoke it"
    if unfit:
        return [*found, f"{reach.role} may read {reach.relation}, {unfit}"]
    weak = {"r": _weak_table, "p": _weak_table, "v": _weak_view}.get(reach.kind)
    return found + (weak(reach, policies) if weak else [])


def _weak_table(reach: _Reach, policies: Sequence[_Policy]) -> list[str]:
    if reach.relation == "octavo.organization":
        if reach.role == "octavo_app":  # which finds and makes organizations
            return []
        tenant = "id"
    elif reach.has_tenant:
        tenant = "organization_id"
    elif reach.schema == "octavo":
        return []  # what belongs to no organization, and the reader may not read: which migrations were applied
    else:
        return [f"{reach.relation} has no column organization_id not null"]
    if not reach.forced:
        return [f"{reach.relation} does not force row-level security; run: select octavo.isolate('{reach.relation}')"]
    return [
        f"{reach.relation} must have exactly one policy by which {reach.role} may {_RIGHTS[right]} it, that of octavo.isolate"
        for right in reach.rights
        if right in "rawd" and not _is_idiom([policy for policy in policies if policy[0] in (right, "*")], right, f"({tenant} = {_TENANT})")
    ]


def _is_idiom(policies: Sequence[_Policy], right: str, idiom: str) -> bool:
    """Whether exactly the one blessed policy decides which rows the right reaches, and which rows it may make."""
    if len(policies) != 1:
        return False
    _, using, check = policies[0]
    reaches, makes = right in "rwd", right in "aw"
    return (not reaches or using == idiom) and (not makes or (check or using) == idiom)


def _weak_view(reach: _Reach, _: Sequence[_Policy]) -> list[str]:
    if reach.invoker:
        return []
    if not reach.barrier or reach.owner_bypasses or not _names_tenant(reach.definition or ""):
        return [
            f"the view {reach.relation} must be security_invoker, or a security_barrier of one SELECT, with column = octavo.current_organization() "
            "among the conditions of its WHERE, whose owner does not bypass row-level security"
        ]
    return []


_CLAUSE = re.compile(r"\b(?:where|group by|having|window|order by|limit|offset|fetch|union|intersect|except|;)", re.IGNORECASE)
_COLUMN = r"""\(*(?:"[^"]+"|[a-z_]\w*)(?:\.(?:"[^"]+"|[a-z_]\w*))*\)*(?:::[a-z ]+)?"""
_CURRENT = rf"\(?(?:octavo\.current_organization\(\)|{re.escape(_TENANT)})\)?(?:::[a-z ]+)?"
_PREDICATE = re.compile(rf"(?:{_COLUMN} = {_CURRENT}|{_CURRENT} = {_COLUMN})", re.IGNORECASE)


def _names_tenant(definition: str) -> bool:
    """Whether a view is one SELECT that shows only rows whose column equals the current organization, as the catalogue writes it."""
    top = _outside_parentheses(definition)
    clauses = [(match[0].lower(), match.start()) for match in _CLAUSE.finditer(top)] + [("", len(top))]
    if any(name in ("union", "intersect", "except") for name, _ in clauses):
        return False
    for (name, start), (_, end) in itertools.pairwise(clauses):
        if name == "where":
            return any(_PREDICATE.fullmatch(condition) for condition in _conditions(definition[start + len(name) : end]))
    return False


def _conditions(text: str) -> list[str]:
    """The conditions that AND joins at the top of an expression."""
    text = text.strip().rstrip(";").strip()
    while text.startswith("(") and not _outside_parentheses(text).strip():
        text = text[1:-1].strip()
    top = _outside_parentheses(text)
    ends = [match.span() for match in re.finditer(r"\band\b", top, re.IGNORECASE)]
    if not ends or re.search(r"\bor\b", top, re.IGNORECASE):
        return [text]
    begins = [0, *(end for _, end in ends)]
    parts = [text[begin:end] for begin, end in zip(begins, [*(start for start, _ in ends), len(text)], strict=True)]
    return [condition for part in parts for condition in _conditions(part)]


def _outside_parentheses(text: str) -> str:
    """The text with what stands in parentheses or quotes blanked, every character in its place."""
    depth, quote, kept = 0, "", []
    for character in text:
        inside = bool(quote or depth)
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        else:
            depth += (character == "(") - (character == ")")
        kept.append(" " if inside or quote or depth else character)
    return "".join(kept)

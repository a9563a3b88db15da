from tortoise import migrations
from tortoise.migrations import operations as ops

# What models/fingerprint.py says in Python, of a stored failure. Where several alternatives match at one place the
# longest is also the first there.
FUNCTIONS = r"""
create function headway_fingerprint(failure jsonb) returns text
language sql immutable strict parallel safe as $$
  select left(encode(sha256(convert_to(
    regexp_replace(coalesce(failure ->> 'path', ''), '\[[0-9]+\]', '[]', 'g') || '|' ||
    coalesce(failure ->> 'code', '') || '|' ||
    regexp_replace(
      lower(left(coalesce(failure ->> 'message', ''), 4000) collate "C"),
      '0x[0-9a-f]+|[0-9a-f]{8,}|[0-9]+|''[^'']*''|"[^"]*"', '#', 'g'), 'UTF8')), 'hex'), 12)
$$;
"""

INDEXES = """
create index executions_fingerprint on executions (headway_fingerprint(failure), id) where failure is not null;
create index executions_failures on executions (id) where failure is not null;
"""


class Migration(migrations.Migration):
    dependencies = [("headway", "0025_log_blocks")]
    operations = [ops.RunSQL(FUNCTIONS), ops.RunSQL(INDEXES)]

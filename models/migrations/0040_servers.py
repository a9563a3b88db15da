from tortoise import migrations
from tortoise.migrations import operations as ops

# Servers that run, each with the id of the key that it signs sessions with: a digest, which signs nothing.
SERVERS = """
create table servers (
  id uuid primary key, name text not null, session_key text not null,
  heartbeat_at timestamptz not null default clock_timestamp());
"""


class Migration(migrations.Migration):
    dependencies = [("headway", "0039_bulk_token")]
    operations = [ops.RunSQL(SERVERS, "drop table servers")]

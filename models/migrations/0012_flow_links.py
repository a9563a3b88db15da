from tortoise import migrations
from tortoise.migrations import operations as ops

# What a revision's document says that it starts. Those saved before are read when they are first asked for.
LINKS = """
create table revision_links (
  revision_id uuid primary key references revisions (id) on delete cascade, links jsonb not null);
"""


class Migration(migrations.Migration):
    dependencies = [("headway", "0011_retention")]
    operations = [ops.RunSQL(LINKS)]

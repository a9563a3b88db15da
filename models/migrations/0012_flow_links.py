from tortoise import migrations
from tortoise.migrations import operations as ops

# The flows that a revision's document starts. For older revisions they are read when they are first needed.
LINKS = """
create table revision_links (
  revision_id uuid primary key references revisions (id) on delete cascade, links jsonb not null);
"""


class Migration(migrations.Migration):
    dependencies = [("headway", "0011_retention")]
    operations = [ops.RunSQL(LINKS)]

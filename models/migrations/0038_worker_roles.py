from tortoise import migrations
from tortoise.migrations import operations as ops

# The roles of this database that are workers' own: what they may do follows the tables at each migration.
ROLES = """
create table worker_roles (name name primary key, made_at timestamptz not null default clock_timestamp());
"""


class Migration(migrations.Migration):
    dependencies = [("headway", "0037_quotas")]
    operations = [ops.RunSQL(ROLES, "drop table worker_roles")]

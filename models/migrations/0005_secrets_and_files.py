from tortoise import migrations
from tortoise.migrations import operations as ops

# A secret is named by its place, so that saving it again replaces it. `key_id` names the key that
# its value is encrypted with.
SECRETS = """
create table secrets (
  namespace text not null, name text not null, key_id text not null, value text not null,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  updated_by text not null, primary key (namespace, name));
"""

# `namespaces` is the scope of who uploaded it; null is every namespace.
FILES = """
create table files (
  id uuid primary key, name text not null, uri text not null unique, digest text not null,
  size bigint not null, namespaces text[], uploaded_by text not null,
  created_at timestamptz not null default now());
"""


class Migration(migrations.Migration):
    dependencies = [("headway", "0004_record")]
    operations = [ops.RunSQL(SECRETS), ops.RunSQL(FILES)]
